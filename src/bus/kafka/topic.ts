// Topics: created as the settings say when missing, checked when they exist. A topic that would refuse or lose records
// is an error at start, not a surprise at night.
import kafkajs, { type Admin } from 'kafkajs';
import type { Logger } from 'pino';
import { ParallaxError } from '../../runtime/errors.ts';
import type { KafkaBusConfig } from '../config.ts';
import { hasType } from './errors.ts';

const { ConfigResourceTypes } = kafkajs;

/** A record in its batch: header of the batch 61 bytes, of the record up to 20, key and headers beside the value. */
export const RECORD_OVERHEAD = 4096;

/** `.dlq` before the version, so that the two sort and get granted together: `parallax.flows.dlq.v1`. */
export function deadLetterTopic(config: Pick<KafkaBusConfig, 'topic' | 'deadLetterTopic'>): string {
  if (config.deadLetterTopic !== undefined) return config.deadLetterTopic;
  const [, name, version] = /^(.*?)(\.v\d+)?$/.exec(config.topic) ?? [];
  return `${name}.dlq${version ?? ''}`;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
}

/** Creates or checks the topics. Throws `bus/topic` when one would lose or refuse records. */
export async function ensureTopics(
  admin: Admin,
  topics: readonly TopicSpec[],
  config: KafkaBusConfig,
  logger: Logger,
): Promise<void> {
  const present = new Set(await admin.listTopics());
  const missing = topics.filter(({ topic }) => !present.has(topic));
  if (missing.length > 0) await create(admin, missing, config, logger);
  for (const spec of topics) await check(admin, spec, config, logger);
}

async function create(
  admin: Admin,
  missing: readonly TopicSpec[],
  config: KafkaBusConfig,
  logger: Logger,
): Promise<void> {
  const names = missing.map(({ topic }) => topic).join(', ');
  if (!config.createTopics)
    throw new ParallaxError(
      'bus/topic',
      `missing at ${config.brokers.join(',')}: ${names}. Create them, or set bus.kafka.createTopics`,
    );
  try {
    // False when another process was faster, which is as good.
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ topic, partitions }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: config.replicationFactor,
        configEntries: Object.entries(topicSettings(config)).map(([name, value]) => ({
          name,
          value,
        })),
      })),
    });
    logger.info({ topics: names }, 'created topics');
  } catch (cause) {
    if (!hasFinalType(cause)) throw cause;
    throw new ParallaxError(
      'bus/topic',
      `the brokers refuse to create ${names}: ${creationProblem(cause)}. Create them by hand, or change bus.kafka.partitions or replicationFactor`,
      { cause },
    );
  }
}

/** Also what a topic made by hand should have; documented from here. */
export function topicSettings(config: KafkaBusConfig): Record<string, string> {
  return {
    'max.message.bytes': String(config.maxRecordBytes + RECORD_OVERHEAD),
    'retention.ms': String(config.retention),
    'cleanup.policy': 'delete',
    'compression.type': 'producer', // the broker must not pack again what is packed
  };
}

async function check(
  admin: Admin,
  spec: TopicSpec,
  config: KafkaBusConfig,
  logger: Logger,
): Promise<void> {
  const { topic } = spec;
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = metadata.topics[0]?.partitions.length ?? 0;
  if (partitions < spec.partitions)
    logger.warn(
      { topic, partitions, wanted: spec.partitions },
      'topic has fewer partitions than configured: fewer writers can share the work',
    );
  const settings = await readSettings(admin, topic, logger);
  const cleanup = settings.get('cleanup.policy');
  if (cleanup?.split(',').some((policy) => policy.trim() === 'compact'))
    throw new ParallaxError(
      'bus/topic',
      `topic ${topic} has cleanup.policy=${cleanup}: compaction would remove all but one batch of a cluster. Set cleanup.policy=delete`,
    );
  const needed = config.maxRecordBytes + RECORD_OVERHEAD;
  const limit = Number(settings.get('max.message.bytes') ?? needed);
  if (limit < needed)
    throw new ParallaxError(
      'bus/topic',
      `topic ${topic} has max.message.bytes=${limit}, less than the ${needed} that records of bus.kafka.maxRecordBytes=${config.maxRecordBytes} need. Raise the topic's max.message.bytes to ${needed}, or lower bus.kafka.maxRecordBytes to ${Math.max(0, limit - RECORD_OVERHEAD)} bytes`,
    );
  const retention = Number(settings.get('retention.ms') ?? -1);
  if (retention >= 0 && retention < config.retention)
    logger.warn(
      { topic, retentionMs: retention, wantedMs: config.retention },
      'topic keeps records for less time than configured: a longer outage of the store loses flows',
    );
}

/** Empty when this user may not look; the topic is then taken as it is. */
async function readSettings(
  admin: Admin,
  topic: string,
  logger: Logger,
): Promise<Map<string, string>> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    });
    const entries = resources[0]?.configEntries ?? [];
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  } catch (error) {
    if (!hasType(error, 'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED')) throw error;
    logger.warn({ topic }, 'not allowed to read the settings of the topic; it is not checked');
    return new Map();
  }
}

const FINAL_TYPES = [
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'INVALID_TOPIC_EXCEPTION',
];

/** kafkajs wraps what went wrong with each topic into one error with a list. */
function creationErrors(error: unknown): unknown[] {
  // The compiler does not know what is caught; the next line checks what is in it.
  const list = (error as { errors?: unknown }).errors;
  return Array.isArray(list) ? list : [error];
}

function hasFinalType(error: unknown): boolean {
  return creationErrors(error).some((one) => hasType(one, ...FINAL_TYPES));
}

function creationProblem(error: unknown): string {
  return creationErrors(error)
    .map((one) => (one instanceof Error ? one.message : String(one)))
    .join('; ');
}
