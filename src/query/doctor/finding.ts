export type Severity =
  /** Looked at and as it should be. */
  | 'ok'
  /** Works, yet will lose something or mislead when it goes on. */
  | 'warning'
  /** Something is lost, refused or wrong now. */
  | 'problem';

export interface Finding {
  /** The check that found it, a stable word such as `ring-size`. */
  readonly check: string;
  readonly severity: Severity;
  /** Key of the cluster it is about; absent when it is about none. */
  readonly cluster?: string;
  readonly what: string;
  readonly evidence: string;
  /** '' for what is as it should be. */
  readonly cure: string;
}

const WEIGHT = { ok: 0, warning: 1, problem: 2 } as const satisfies Record<Severity, number>;

/** The worst of them; `ok` when there are none. */
export function worstOf(findings: readonly Finding[]): Severity {
  let worst: Severity = 'ok';
  for (const { severity } of findings) if (WEIGHT[severity] > WEIGHT[worst]) worst = severity;
  return worst;
}

/** Problems first, then by check and cluster. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const key = ({ check, cluster = '' }: Finding) => `${check}\n${cluster}`;
  return [...findings].sort(
    (a, b) => WEIGHT[b.severity] - WEIGHT[a.severity] || (key(a) < key(b) ? -1 : 1),
  );
}
