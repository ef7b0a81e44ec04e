// What values of the filter flags look like, for the document of the API: as exact as a schema can be. Nothing is refused
// by it: the code that reads the flags does that, in words of its own, and a test holds the two together.
import { upTo } from '../../hubble/filter/decimal.ts';
import { BARE_FLAGS } from '../../hubble/filter/flags.ts';
import { RESERVED_IDENTITIES } from '../../hubble/identity.ts';
import { DropReason, Verdict } from '../../hubble/proto/schema.gen.ts';

export interface FlagForm {
  /** Of the text; written as people write it, whatever the case where that is no matter. */
  readonly pattern?: string;
  readonly minLength?: number;
  readonly enum?: readonly string[];
  /** Bodies may have a number in place of the text. */
  readonly number?: { readonly minimum: number; readonly maximum: number };
  /** Bodies may have a truth value in place of the text. */
  readonly boolean?: boolean;
}

const PROTOCOLS = ['http', 'dns', 'kafka', 'icmp', 'icmpv4', 'icmpv6', 'tcp', 'udp', 'sctp'];
const TCP_FLAG = anyCase(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns']);
/** As Go reads numbers of 32 bits, but for underscores among their digits and zeros before them. */
const UINT32 = `0[xX][0-9a-fA-F]{1,8}|0[bB][01]{1,32}|0[oO]?[0-7]{1,10}|0|${upTo(2n ** 32n - 1n)}`;
const NAMED: FlagForm = { minLength: 1 };

const FORMS: Readonly<Record<string, FlagForm>> = {
  verdict: { enum: Object.keys(Verdict.numbers) },
  'drop-reason-desc': { enum: Object.keys(DropReason.numbers) },
  protocol: { pattern: `^${anyCase([...PROTOCOLS, 'vrrp', 'igmp'])}$` },
  'tcp-flags': { pattern: `^${TCP_FLAG}(,${TCP_FLAG})*$` },
  'traffic-direction': { pattern: `^${anyCase(['ingress', 'egress'])}$` },
  'http-status': { pattern: '^([1-5][0-9]{2}|[1-5][0-9]?\\+)$', number: span(100, 599) },
  'http-header': { pattern: ':' },
  'ip-trace-id': {
    pattern: `^0*(${upTo(2n ** 64n - 1n)})$`,
    number: span(1, Number.MAX_SAFE_INTEGER),
  },
  port: { pattern: `^0*(0|${upTo(65_535n)})$`, number: span(0, 65_535) },
  identity: {
    pattern: `^(${RESERVED_IDENTITIES.slice(1).join('|')}|${UINT32})$`,
    number: span(0, 2 ** 32 - 1),
  },
  cluster: NAMED,
  pod: NAMED,
  service: NAMED,
};
const SWITCH: FlagForm = { enum: ['true', 'false', ''], boolean: true };

/** What a flag is called without its direction, where that has a form; undefined: any text. */
export function formOf(
  flag: string,
): { readonly name: string; readonly form: FlagForm } | undefined {
  const name = flag.replace(/^(from|to)-/, '');
  const form = BARE_FLAGS.has(flag) ? SWITCH : FORMS[name];
  return form && { name: form === SWITCH ? 'switch' : name, form };
}

/** By the name that `formOf` gives. */
export function formNamed(name: string): FlagForm | undefined {
  return name === 'switch' ? SWITCH : FORMS[name];
}

/** The part of a form that a schema of text takes. */
export function textForm({ number: _, boolean: __, ...text }: FlagForm): Record<string, unknown> {
  return text;
}

function span(minimum: number, maximum: number) {
  return { minimum, maximum };
}

function anyCase(words: readonly string[]): string {
  const letter = (each: string) => `[${each}${each.toUpperCase()}]`;
  return `(${words.map((word) => word.replace(/[a-z]/g, letter)).join('|')})`;
}
