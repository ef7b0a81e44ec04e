// Groups of options, and the values that shells complete.

export const OPTION_GROUPS = {
  select: 'Selection',
  filter: 'Filters',
  ask: 'Server',
  config: 'Configuration',
  output: 'Output',
} as const;
export type OptionGroup = keyof typeof OPTION_GROUPS;

const ASK =
  /^(server|data-dir|config|timeout|request-timeout|token-file|tls|tls-(allow|ca-cert|client-cert|client-key|server-name).*|basic-auth-.*|port-forward.*|kube.*)$/;
const CONFIG = /^(config|set|log-level|kafka|clickhouse|data-dir|listen)$/;
const OUTPUT =
  /^(output|color|print-.*|time-format|numeric|ip-translation|silent-errors|field-mask|use-default-field-masks|debug|quiet|help|version)$/;

/** `configured`: the command loads the configuration, which its flags override. */
export function groupOf(name: string, configured: boolean): OptionGroup {
  if (OUTPUT.test(name)) return 'output';
  if (configured && CONFIG.test(name)) return 'config';
  return ASK.test(name) ? 'ask' : 'select';
}

const VERDICTS = ['FORWARDED', 'DROPPED', 'ERROR', 'AUDIT', 'REDIRECTED', 'TRACED', 'TRANSLATED'];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  verdict: VERDICTS,
  'traffic-direction': ['ingress', 'egress'],
  'ip-version': ['none', 'v4', 'v6'],
  'time-format': ['StampMilli', 'RFC3339', 'RFC3339Milli', 'RFC3339Nano', 'YearMonthDay'],
  order: ['flows', 'denied', 'dropped', 'audited', 'connections'],
  measure: ['flows', 'denied', 'dropped', 'audited'],
};

/** The values an option takes: listed here, or in its help as `a, b or c`. */
export function valuesOf(name: string, help: string): readonly string[] {
  if (Object.hasOwn(VALUES, name)) return VALUES[name] ?? [];
  const list = /^[\w-]+( \([^)]*\))?(, [\w-]+( \([^)]*\))?)* or [\w-]+( \([^)]*\))?$/;
  if (!list.test(help)) return [];
  return help.replaceAll(/ \([^)]*\)/g, '').split(/, | or /);
}

/** Shells complete file names for it. */
export function takesFile({ value = '' }: { readonly value: string | undefined }): boolean {
  return /^(files?|dir|path)$/.test(value);
}
