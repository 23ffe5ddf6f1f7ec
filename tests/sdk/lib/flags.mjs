/* One flag of each kind, for every SDK. */
export const DOCUMENT = {
  flags: {
    bool: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on', metadata: { team: 'shop', version: 2, beta: true } },
    text: { state: 'ENABLED', variants: { hi: 'grüß 🌍 "dich"\n', bye: 'bye' }, defaultVariant: 'hi' },
    whole: { state: 'ENABLED', variants: { one: 1, ten: 10 }, defaultVariant: 'ten' },
    real: { state: 'ENABLED', variants: { ten: 10.5, half: 0.5 }, defaultVariant: 'half' },
    object: { state: 'ENABLED', variants: { a: { deep: [1, { x: null }], title: 'T' } }, defaultVariant: 'a' },
    zero: { state: 'ENABLED', variants: { zero: 0, one: 1 }, defaultVariant: 'zero' },
    empty: { state: 'ENABLED', variants: { empty: '', full: 'x' }, defaultVariant: 'empty' },
    disabled: { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
    undecided: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: null },
    targeted: {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: { if: [{ '==': [{ var: 'plan' }, 'gold'] }, 'on'] },
    },
    segmented: {
      state: 'ENABLED',
      variants: { staff: 'staff', guest: 'guest' },
      defaultVariant: 'guest',
      targeting: { if: [{ $ref: 'staff' }, 'staff', 'guest'] },
    },
    split: {
      state: 'ENABLED',
      variants: { a: 'a', b: 'b' },
      defaultVariant: 'a',
      targeting: { fractional: [['a', 50], ['b', 50]] },
    },
    broken: {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'off',
      targeting: { no_such_operator: [1] },
    },
    astray: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on', targeting: { if: [true, 'nowhere'] } },
  },
  $evaluators: { staff: { ends_with: [{ var: 'email' }, '@example.org'] } },
};
