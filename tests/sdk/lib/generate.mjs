/*
 * Random flag documents and contexts. Rules are built by the type that they
 * come to and attributes have types, so that most of it means something. A few
 * operands and attributes are of any type, so that every coercion happens too.
 *
 * To add an operator: a row in the table of the type that it comes to.
 */
const TEXTS = ['', 'a', 'gold', 'abc', 'abcxyz', '0', '1', '10', ' 5 ', '1e3', '0x1F', '-1.5', 'true', 'null', 'é', '🌍x', 'a.b', '1.2.3'];
const NUMBERS = [0, 1, -1, 2, 3, 10, 18, 42, 0.5, -0.5, 1.25, 100, 1000000, 1e15, 2147483648];
const VERSIONS = ['1.0.0', '1.2.3', 'v1.2.3', 'V2.0.0', '1.2', '1', '2.0.0-alpha', '2.0.0-alpha.1', '2.0.0-rc.1', '1.2.3+b', '2.0.0.0', 'x', '', '1.10.0', '01.2.3', '1.2.3-', '0.0.0'];
const SEM_VER = ['=', '!=', '<', '<=', '>', '>=', '~', '^', '==', ''];
const LISTS = [[], [1], ['a'], ['gold', 'abc'], [1, 2, 3], ['1', 2, 0.5], [0], [''], [null, 1], [true, false], [3, 1, 2], ['é', 'a']];
const EMAILS = ['ada@example.org', 'bob@example.com', '@', 'jon@company.com', 'user1', 'ж@example.org'];

/* Where values of a type are found. */
const PLACES = {
  text: ['plan', 'email', 'version', 'user.name', 'targetingKey', '$flagd.flagKey'],
  number: ['age', 'age', 'user.level', 'score'],
  bool: ['beta', 'beta', 'user.ok'],
  list: ['tags', 'user.list'],
  any: ['score', 'user', 'user.list.0', 'tags.0', 'tags.1', 'user.missing.deep', 'missing'],
};
const ALL_PLACES = Object.values(PLACES).flat();

const RULE_DEPTH = 4;
const ODD = 0.04; /* of the operands and attributes are of any type */

class Rules {
  constructor(random, segments) {
    this.random = random;
    this.segments = segments;
    this.element = 0; /* how many arrays are being walked around here */
  }

  lookup(type) {
    const r = this.random;

    if (this.element > 0 && r.chance(0.6)) return { var: r.chance(0.9) ? '' : 'x' };
    const path = r.pick(r.chance(ODD) ? ALL_PLACES : PLACES[type]);
    if (r.chance(0.1)) return { var: [path, this.constant()] };
    return { var: r.chance(0.2) ? [path] : path };
  }

  constant() {
    const r = this.random;

    return r.pick([r.pick(TEXTS), r.pick(NUMBERS), r.chance(0.5), null, r.pick(EMAILS)]);
  }

  pick(table, depth, leaf) {
    if (this.random.chance(ODD)) return this.any(depth - 1);
    if (depth <= 0 || this.random.chance(0.15)) return leaf();
    return this.random.pick(table)(depth - 1);
  }

  /* What an operator does to each element sees the element only. */
  inside(make) {
    this.element++;
    const rule = make();

    this.element--;
    return rule;
  }

  any(depth) {
    return this.random.pick([this.bool, this.number, this.text, () => this.lookup('any'), this.constant]).call(this, depth);
  }

  bool(depth) {
    const r = this.random;
    const n = (d) => this.number(d);
    const t = (d) => this.text(d);
    const a = (d) => this.any(d);

    return this.pick(
      [
        (d) => ({ [r.pick(['<', '<=', '>', '>='])]: [n(d), n(d)] }),
        (d) => ({ [r.pick(['<', '<='])]: [n(d), n(d), n(d)] }),
        (d) => ({ [r.pick(['==', '!=', '===', '!=='])]: [n(d), n(d)] }),
        (d) => ({ [r.pick(['==', '!=', '===', '!=='])]: [t(d), t(d)] }),
        () => ({ [r.pick(['==', '===', '!='])]: [this.lookup('text'), r.pick(TEXTS)] }),
        () => ({ [r.pick(['==', '===', '!='])]: [this.lookup('number'), r.pick(NUMBERS)] }),
        () => ({ [r.pick(['==', '===', '!='])]: [this.lookup(r.pick(Object.keys(PLACES))), this.constant()] }),
        (d) => ({ [r.pick(['and', 'or'])]: r.some(1, 3, () => this.bool(d)) }),
        (d) => ({ [r.pick(['!', '!!'])]: [a(d)] }),
        (d) => ({ in: [t(d), t(d)] }),
        (d) => ({ in: [a(d), this.list(d)] }),
        (d) => ({ [r.pick(['starts_with', 'ends_with'])]: [r.chance(0.8) ? t(d) : a(d), r.pick(TEXTS)] }),
        () => ({ sem_ver: [r.chance(0.7) ? { var: 'version' } : r.pick(VERSIONS), r.pick(SEM_VER), r.pick(VERSIONS)] }),
        (d) => ({ [r.pick(['all', 'some', 'none'])]: [this.list(d), this.inside(() => this.bool(d))] }),
        (d) => (this.segments.length && !this.element ? { $ref: r.pick(this.segments) } : this.bool(d)),
      ],
      depth,
      () => (r.chance(0.8) ? this.lookup('bool') : r.chance(0.5)),
    );
  }

  number(depth) {
    const r = this.random;
    const n = (d) => this.number(d);

    return this.pick(
      [
        (d) => ({ [r.pick(['+', '*', 'max', 'min'])]: r.some(1, 3, () => n(d)) }),
        (d) => ({ [r.pick(['-', '/', '%'])]: [n(d), n(d)] }),
        (d) => ({ '-': [n(d)] }),
        (d) => ({ if: [this.bool(d), n(d), n(d)] }),
        (d) => ({
          reduce: [this.list(d), { '+': [{ var: 'accumulator' }, r.pick([1, { var: 'current' }])] }, r.pick([0, 1])],
        }),
      ],
      depth,
      () => (r.chance(0.5) ? this.lookup('number') : r.pick(NUMBERS)),
    );
  }

  text(depth) {
    const r = this.random;

    return this.pick(
      [
        (d) => ({ cat: r.some(1, 3, () => r.pick([() => this.text(d), () => r.pick(NUMBERS), () => this.lookup('text')])()) }),
        (d) => ({ substr: [this.text(d), r.pick([0, 1, 2, -1, -2, 5])] }),
        (d) => ({ substr: [this.text(d), r.pick([0, 1, -2]), r.pick([0, 1, 2, -1])] }),
        (d) => ({ if: [this.bool(d), this.text(d), this.text(d)] }),
        (d) => this.fractional(d),
      ],
      depth,
      () => (r.chance(0.5) ? this.lookup('text') : r.pick(TEXTS)),
    );
  }

  list(depth) {
    const r = this.random;

    return this.pick(
      [
        (d) => ({ merge: r.some(1, 3, () => this.list(d)) }),
        (d) => ({ map: [this.list(d), this.inside(() => r.pick([() => this.number(d), () => this.text(d)])())] }),
        (d) => ({ filter: [this.list(d), this.inside(() => this.bool(d))] }),
        () => ({ missing: r.some(1, 3, () => r.pick(ALL_PLACES)) }),
        () => ({ missing_some: [r.pick([1, 2]), r.some(1, 3, () => r.pick(ALL_PLACES))] }),
        (d) => r.some(0, 3, () => this.any(d)),
      ],
      depth,
      () => (r.chance(0.5) ? this.lookup('list') : r.pick(LISTS)),
    );
  }

  fractional(depth) {
    const r = this.random;
    const name = () => (r.chance(0.9) ? r.pick(['on', 'off', 'a', 'b']) : this.text(depth));
    const weight = () => (r.chance(0.9) ? r.pick([0, 1, 10, 25, 50, 100, -5]) : this.number(depth));
    const shares = r.some(1, 4, () => (r.chance(0.85) ? [name(), weight()] : [name()]));

    if (r.chance(0.5)) return { fractional: shares };
    return { fractional: [this.by(), ...shares] };
  }

  by() {
    const r = this.random;

    return r.pick([
      { var: 'email' },
      { var: 'targetingKey' },
      { cat: [{ var: '$flagd.flagKey' }, { var: 'email' }] },
      { var: 'user.name' },
      'seed',
      { var: 'age' },
    ]);
  }

  /* Targeting and segments are objects, never bare constants. */
  an_object(make) {
    for (;;) {
      const rule = make();

      if (rule !== null && typeof rule === 'object') return rule;
    }
  }

  targeting() {
    const r = this.random;
    const choice = () => r.pick(['on', 'off', 'a', 'b', null, true, 'nowhere']);

    return r.pick([
      () => ({ if: [this.bool(RULE_DEPTH), choice(), choice()] }),
      () => ({ if: [this.bool(RULE_DEPTH), choice(), this.bool(RULE_DEPTH), choice(), choice()] }),
      () => ({ if: [this.bool(RULE_DEPTH), choice()] }),
      () => this.fractional(2),
      () => this.number(RULE_DEPTH),
      () => this.text(RULE_DEPTH),
      () => ({ '!!': [this.bool(RULE_DEPTH)] }),
      () => ({ if: [this.bool(RULE_DEPTH), this.fractional(2), this.text(2)] }),
      () => ({ cat: ['=', { reduce: [this.list(RULE_DEPTH), { cat: [{ var: 'accumulator' }, '|', { var: 'current' }] }, ''] }] }),
    ])();
  }
}

const VALUES = [
  { on: true, off: false, a: true, b: false },
  { on: 'ON', off: '', a: 'é', b: 'null' },
  { on: 1, off: 0, a: -7, b: 9007199254740991 },
  { on: 1.5, off: 0.0, a: 1e-7, b: 2 },
  { on: { x: [1, null] }, off: {}, a: { y: 'é' }, b: { z: 1.0 } },
];

function flag(random, rules) {
  const variants = { ...random.pick(VALUES) };
  const made = { state: random.chance(0.97) ? 'ENABLED' : 'DISABLED', variants };

  /* Results that are no names of variants become some. */
  for (const name of ['true', '1', '0', 'gold']) if (random.chance(0.3)) variants[name] = variants.on;
  if (random.chance(0.9)) made.defaultVariant = random.pick(['on', 'off']);
  else if (random.chance(0.5)) made.defaultVariant = null;
  if (random.chance(0.96)) made.targeting = random.chance(0.97) ? rules.an_object(() => rules.targeting()) : {};
  if (random.chance(0.1)) made.metadata = { n: random.pick(NUMBERS), s: random.pick(TEXTS), b: true };
  return made;
}

export function document_of(random, count) {
  const rules = new Rules(random, []);
  const names = ['staff', 'beta', 'eu'];
  const document = {
    flags: {},
    $evaluators: Object.fromEntries(names.map((name) => [name, rules.an_object(() => rules.bool(3))])),
  };

  rules.segments = names;
  for (let i = 0; i < count; i++) document.flags[`flag-${i}`] = flag(random, rules);
  return document;
}

const ATTRIBUTES = {
  targetingKey: (r) => r.pick([...EMAILS, ...TEXTS, ...r.some(20, 20, () => `user-${r.below(1000)}`)]),
  plan: (r) => r.pick(['gold', 'silver', '', 'a', 'é']),
  age: (r) => r.pick(NUMBERS),
  score: (r) => r.pick(r.chance(0.5) ? NUMBERS : [...NUMBERS, '10', '-1.5', '18', true]),
  email: (r) => r.pick(EMAILS),
  version: (r) => r.pick([...VERSIONS, 1, 1.2, 2]),
  tags: (r) => r.pick(LISTS),
  beta: (r) => r.chance(0.5),
  user: (r) => ({ name: r.pick([...TEXTS, ...EMAILS]), level: r.pick(NUMBERS), ok: r.chance(0.5), list: r.pick(LISTS) }),
};

export function context_of(random) {
  const context = {};

  for (const [name, make] of Object.entries(ATTRIBUTES)) {
    const source = random.chance(ODD) ? random.pick(Object.values(ATTRIBUTES)) : make;

    if (random.chance(0.9)) context[name] = random.chance(ODD / 4) ? null : source(random);
  }
  return context;
}
