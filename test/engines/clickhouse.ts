// A real ClickHouse server for tests: one that is named by CLICKHOUSE_URL (with user and password in it), else a
// container of the official image with the configuration of deploy/.
import { fileURLToPath } from 'node:url';
import { GenericContainer, Wait } from 'testcontainers';

const IMAGE = process.env.CLICKHOUSE_IMAGE ?? 'clickhouse/clickhouse-server:26.3';
const DEPLOY = fileURLToPath(new URL('../../deploy/clickhouse/', import.meta.url));
const PORT = 8123;

export interface ClickhouseEngine {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Runs a statement as it is; the answer's text. */
  ask(sql: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startClickhouse(): Promise<ClickhouseEngine> {
  const named = process.env.CLICKHOUSE_URL;
  if (named) {
    const { origin, username, password } = new URL(named);
    return engine(origin, { username: username || 'default', password }, async () => {});
  }
  const user = { username: 'parallax', password: 'parallax' };
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(PORT)
    .withEnvironment({ CLICKHOUSE_USER: user.username, CLICKHOUSE_PASSWORD: user.password })
    .withCopyFilesToContainer(
      ['config.d', 'users.d'].map((folder) => ({
        source: `${DEPLOY}${folder}/parallax.xml`,
        target: `/etc/clickhouse-server/${folder}/parallax.xml`,
      })),
    )
    .withWaitStrategy(Wait.forHttp('/ping', PORT).forStatusCode(200))
    .start();
  const url = `http://${container.getHost()}:${container.getMappedPort(PORT)}`;
  return engine(url, user, async () => {
    await container.stop();
  });
}

function engine(
  url: string,
  { username, password }: { username: string; password: string },
  stop: () => Promise<void>,
): ClickhouseEngine {
  const headers = { 'x-clickhouse-user': username, 'x-clickhouse-key': password };
  return {
    url,
    username,
    password,
    stop,
    async ask(sql) {
      const response = await fetch(url, { method: 'POST', body: sql, headers });
      const text = await response.text();
      if (!response.ok) throw new Error(`ClickHouse answers ${response.status}: ${text}`);
      return text;
    },
  };
}
