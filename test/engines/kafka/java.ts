// Kafka from Maven Central on Java 17 or newer: one node, KRaft, loopback, data in a temporary directory. The process
// ends with ours, also when ours is killed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KafkaEngine, KafkaOptions, SecureListener } from '../kafka.ts';
import { freePort } from './container.ts';

const run = promisify(execFile);
const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../.cache/kafka-4.3.0', import.meta.url));
const STORE_PASSWORD = 'parallax-tests';
const READY_MS = 60_000;

export async function javaAvailable(): Promise<
  { readonly ok: true } | { readonly ok: false; readonly reason: string }
> {
  try {
    const { stderr } = await run('java', ['-version']);
    const major = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
    if (major < 17) return { ok: false, reason: `Java 17 is needed, found ${major}` };
  } catch {
    return { ok: false, reason: 'no Java' };
  }
  if (await exists(join(CACHE, 'complete'))) return { ok: true };
  try {
    await run('mvn', ['-v']);
    return { ok: true };
  } catch {
    return { ok: false, reason: 'no Maven to fetch Kafka with' };
  }
}

/** The jars, fetched once a checkout. Two processes may do so at once: the last rename loses and is thrown away. */
async function kafkaJars(): Promise<string> {
  if (await exists(join(CACHE, 'complete'))) return CACHE;
  await mkdir(join(CACHE, '..'), { recursive: true });
  const fresh = await mkdtemp(`${CACHE}.`);
  await cp(POM, join(fresh, 'pom.xml'));
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
  await run('mvn', ['-q', '-B', ...goal, `-DoutputDirectory=${fresh}`], { cwd: fresh });
  await writeFile(join(fresh, 'complete'), '');
  try {
    await rename(fresh, CACHE);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await exists(join(CACHE, 'complete')))) throw error;
  }
  return CACHE;
}

export async function startKafkaJava(options: KafkaOptions): Promise<KafkaEngine> {
  const jars = await kafkaJars();
  const directory = await mkdtemp(join(tmpdir(), 'parallax-kafka-'));
  try {
    return await startIn(directory, jars, options);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(
  directory: string,
  jars: string,
  options: KafkaOptions,
): Promise<KafkaEngine> {
  const port = await freePort();
  const secure = options.secure && (await secureListener(directory, options.secure));
  const properties = join(directory, 'server.properties');
  await writeFile(properties, await serverProperties(directory, port, secure));
  const scram = options.secure
    ? ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${options.secure?.username},password=${options.secure?.password}]`,
      ])
    : [];
  const id = randomBytes(16).toString('base64url');
  const tool = [
    'kafka.tools.StorageTool',
    'format',
    `--cluster-id=${id}`,
    '-c',
    properties,
    ...scram,
  ];
  await run('java', ['-Xmx128m', '-cp', `${jars}/*`, ...tool]);
  let broker = await launch(jars, directory, port);
  return {
    brokers: [`127.0.0.1:${port}`],
    ...(secure && { secure: secure.listener }),
    kill: () => broker.kill(),
    restart: async () => {
      await broker.kill();
      broker = await launch(jars, directory, port);
    },
    pause: async () => broker.signal('SIGSTOP'),
    resume: async () => broker.signal('SIGCONT'),
    stop: async () => {
      await broker.kill();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Broker {
  kill(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

async function launch(jars: string, directory: string, port: number): Promise<Broker> {
  // The shell holds our pipe: when we end, however we do, its `cat` sees the end and the broker is killed.
  const script =
    'exec 3<&0; "$@" </dev/null >/dev/null 2>&1 3<&- & pid=$!; ' +
    '(cat <&3 >/dev/null 2>&1; kill -9 $pid) >/dev/null 2>&1 & echo $pid; exec 3<&-; wait $pid';
  const java = [
    'java',
    '-Xms128m',
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    `-Dorg.slf4j.simpleLogger.logFile=${join(directory, 'broker.log')}`,
    '-cp',
    `${jars}/*`,
    'kafka.Kafka',
    join(directory, 'server.properties'),
  ];
  const shell = spawn('sh', ['-c', script, 'kafka', ...java], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString().trim());
  await listening(port, shell, directory);
  return {
    kill: async () => {
      if (shell.exitCode !== null) return;
      const ended = once(shell, 'exit');
      process.kill(pid, 'SIGKILL');
      await ended;
      shell.stdin.end();
    },
    signal: (signal) => void process.kill(pid, signal),
  };
}

async function listening(port: number, shell: ChildProcess, directory: string): Promise<void> {
  const until = Date.now() + READY_MS;
  while (!(await answers(port))) {
    if (shell.exitCode === null && Date.now() < until) await sleep(100);
    else {
      const log = await readFile(join(directory, 'broker.log'), 'utf8').catch(() => '');
      throw new Error(`Kafka does not start: ${log.slice(-2000)}`);
    }
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

interface Secure {
  readonly listener: SecureListener;
  readonly port: number;
  readonly settings: readonly string[];
}

async function secureListener(
  directory: string,
  { username, password }: NonNullable<KafkaOptions['secure']>,
): Promise<Secure> {
  const port = await freePort();
  const store = join(directory, 'broker.p12');
  const caFile = join(directory, 'broker.pem');
  const keystore = ['-keystore', store, '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const names = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1'];
  const key = ['-genkeypair', '-keyalg', 'EC', '-validity', '30', '-storetype', 'PKCS12'];
  await run('keytool', [...key, ...names, ...keystore]);
  await run('keytool', ['-exportcert', '-rfc', '-file', caFile, ...keystore]);
  const login = 'org.apache.kafka.common.security';
  const account = `username="${username}" password="${password}"`;
  return {
    port,
    listener: { brokers: [`127.0.0.1:${port}`], caFile },
    settings: [
      `ssl.keystore.location=${store}`,
      `ssl.keystore.password=${STORE_PASSWORD}`,
      'ssl.keystore.type=PKCS12',
      'listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      `listener.name.secure.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required ${account} user_${username}="${password}";`,
      ...['256', '512'].map(
        (bits) =>
          `listener.name.secure.scram-sha-${bits}.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
      ),
    ],
  };
}

async function serverProperties(
  directory: string,
  port: number,
  secure: Secure | undefined,
): Promise<string> {
  const controller = await freePort();
  const extra = secure ? `,SECURE://127.0.0.1:${secure.port}` : '';
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${extra}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}${extra}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    `log.dirs=${join(directory, 'data')}`,
    'num.network.threads=2',
    'num.io.threads=2',
    'num.partitions=1',
    'auto.create.topics.enable=false',
    'offsets.topic.num.partitions=4',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=1000',
    // Without these, a broker that was killed waits 12 s for its own old session before it serves again.
    'broker.session.timeout.ms=2000',
    'broker.heartbeat.interval.ms=500',
    ...(secure?.settings ?? []),
    '',
  ].join('\n');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
