/*
 * A case made smaller for as long as it still shows what it showed. Each step
 * takes one part away or puts something plainer in its place.
 */
const TRIALS_MAX = 1500;
const PLAIN = [null, true, 0, 'a'];
const VARIADIC = ['if', 'and', 'or', '+', '*', 'max', 'min', 'cat', 'merge', 'missing', 'fractional'];

const size_of = (x) => JSON.stringify(x).length;
const is_container = (x) => x !== null && typeof x === 'object';

/* Another number of operands is another rule. */
const are_operands = (operator, before, after) =>
  Array.isArray(after) && (after.length === before.length || VARIADIC.includes(operator));

/* Every value that is this one with one thing less. */
function* smaller(value) {
  if (!is_container(value)) {
    for (const plain of PLAIN) if (size_of(plain) < size_of(value)) yield plain;
    return;
  }
  for (const part of Object.values(value)) {
    yield part;
    if (Array.isArray(part)) yield* part;
  }
  yield* PLAIN;
  for (const name of Object.keys(value)) {
    const rest = Array.isArray(value) ? value.filter((_, i) => String(i) !== name) : { ...value };

    if (!Array.isArray(value)) delete rest[name];
    yield rest;
    for (const part of smaller(value[name])) {
      if (!Array.isArray(value) && Array.isArray(value[name]) && !are_operands(name, value[name], part)) continue;
      const copy = Array.isArray(value) ? [...value] : { ...value };

      copy[name] = part;
      yield copy;
    }
  }
}

export async function minimise(start, shows) {
  let best = start;
  let trials = 0;

  for (let again = true; again; ) {
    again = false;
    for (const member of ['targeting', 'context']) {
      for (const part of smaller(best[member])) {
        if (!is_container(part) || Array.isArray(part) || size_of(part) >= size_of(best[member])) continue;
        if (++trials > TRIALS_MAX) return best;
        const candidate = { ...best, [member]: part };

        if (!(await shows(candidate))) continue;
        best = candidate;
        again = true;
        break;
      }
    }
  }
  return best;
}
