// A real Apache Kafka for tests and benchmarks: one that is named by KAFKA_BROKERS, else a container, else a broker
// from Maven Central on the Java that is there. Needs no vitest; tests take describeWithKafka of kafka/describe.ts.
import { dockerAvailable, startKafkaContainer } from './kafka/container.ts';
import { javaAvailable, startKafkaJava } from './kafka/java.ts';

export interface KafkaOptions {
  /** A second listener with TLS and SASL (PLAIN and SCRAM), and the user that may enter. Java only. */
  readonly secure?: { readonly username: string; readonly password: string };
}

export interface SecureListener {
  readonly brokers: string[];
  /** PEM file of the certificate the broker shows. */
  readonly caFile: string;
}

export interface KafkaEngine {
  readonly brokers: string[];
  readonly secure?: SecureListener;
  stop(): Promise<void>;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Stops it in its tracks: connections stay, nothing is answered until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

type Available = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export async function kafkaAvailable(): Promise<Available> {
  if (process.env.KAFKA_BROKERS) return { ok: true };
  const docker = await dockerAvailable();
  if (docker.ok) return docker;
  const java = await javaAvailable();
  if (java.ok) return java;
  return { ok: false, reason: `no KAFKA_BROKERS, ${docker.reason}, ${java.reason}` };
}

export async function startKafka(options: KafkaOptions = {}): Promise<KafkaEngine> {
  const named = process.env.KAFKA_BROKERS;
  if (named && !options.secure) return foreignKafka(named.split(','));
  if (!options.secure && (await dockerAvailable()).ok) return startKafkaContainer();
  return startKafkaJava(options);
}

function foreignKafka(brokers: string[]): KafkaEngine {
  const refuse = async () => {
    throw new Error('the brokers of KAFKA_BROKERS are not ours to kill: unset it for this test');
  };
  return {
    brokers,
    stop: async () => {},
    kill: refuse,
    restart: refuse,
    pause: refuse,
    resume: refuse,
  };
}

/** True when the engine that startKafka gives can be killed and restarted. */
export function kafkaKillable(): boolean {
  return !process.env.KAFKA_BROKERS;
}
