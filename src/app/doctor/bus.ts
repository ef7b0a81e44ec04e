// Checks of Kafka: reachable, topics configured, writers keeping up, no dead letters.
import type { BusConfig } from '../../bus/config.ts';
import { type KafkaProbe, probeKafka } from '../../bus/kafka/probe.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import type { RoleDeps } from '../role.ts';

/** A record is a batch of up to a second, so a lag of this many means that the writers do not keep up. */
const BEHIND = 100;

export async function busFindings(
  config: BusConfig,
  group: string,
  deps: Pick<RoleDeps, 'logger' | 'clock'>,
): Promise<Finding[]> {
  if (config.kind !== 'kafka') return [];
  try {
    return judge(await probeKafka(config.kafka, group, deps), group);
  } catch (error) {
    return [
      {
        check: 'bus-answers',
        severity: 'problem',
        what: 'Kafka is unreachable or a topic is misconfigured',
        evidence: error instanceof Error ? error.message : String(error),
        cure: `check that ${config.kafka.brokers.join(', ')} can be reached from here with bus.kafka’s TLS and SASL settings; the roles create missing topics when bus.kafka.createTopics is true`,
      },
    ];
  }
}

export function judge(probe: KafkaProbe, group: string): Finding[] {
  const { topic, partitions, lag, expired, deadLetters } = probe;
  const behind = lag !== undefined && lag > BEHIND;
  const findings: Finding[] = [
    {
      check: 'bus-lag',
      severity: behind ? 'problem' : 'ok',
      what: behind ? 'the writers do not keep up' : 'the writers keep up',
      evidence: `topic ${topic}, ${partitions} partitions: group ${group} is ${lag ?? 'an unknown number of'} records behind`,
      cure: behind
        ? 'run more writers (up to one per partition), check the health of the store, or give it more CPU'
        : '',
    },
  ];
  if (expired > 0)
    findings.push({
      check: 'bus-expired',
      severity: 'problem',
      what: 'Kafka removed records before they were stored',
      evidence: `${expired} records of ${topic}`,
      cure: 'the flows in them are lost; raise the topic’s retention.ms above the longest outage of the store',
    });
  if (deadLetters > 0)
    findings.push({
      check: 'dead-letters',
      severity: 'warning',
      what: 'records or flows were refused',
      evidence: `${deadLetters} dead letters in ${probe.deadLetterTopic}`,
      cure: 'read their headers (reason, detail, origin) and fix what sends them',
    });
  return findings;
}
