/*
 * One evaluation by each side, in one form. What a rule came to is compared
 * even where it names no variant: both say it in the text of the error.
 */
import { isDeepStrictEqual } from 'node:util';
import { FlagdCore } from '@openfeature/flagd-core';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export class Oracle {
  #core = new FlagdCore(undefined, quiet);

  constructor(document) {
    this.#core.setConfigurations(JSON.stringify(document));
  }

  evaluate(key, context) {
    const flag = this.#core.getFlag(key);

    if (flag.state === 'DISABLED') return { reason: 'DISABLED' };
    const details = flag.evaluate(context, quiet);
    return {
      reason: details.reason,
      variant: details.variant,
      value: details.value,
      error: details.errorCode,
      result: /^Variant '(.*)' not found in flag/s.exec(details.errorMessage)?.[1],
      metadata: details.flagMetadata,
    };
  }
}

export function from_ofrep(answer) {
  return {
    reason: answer.errorCode ? 'ERROR' : answer.reason,
    variant: answer.variant || undefined,
    value: answer.value,
    error: answer.errorCode,
    result: /^targeting returned "(.*)", which is not a/s.exec(answer.errorDetails)?.[1],
    metadata: answer.metadata,
  };
}

/* The daemon shows long results up to so many bytes. */
const SHOWN_BYTES = 40;

export function same(ours, theirs) {
  const [a, b] = [ours, theirs].map(({ metadata, ...rest }) => JSON.parse(JSON.stringify(rest)));

  if (a.result !== undefined && Buffer.byteLength(a.result) > SHOWN_BYTES) b.result = b.result?.slice(0, a.result.length);
  return isDeepStrictEqual(a, b);
}
