// A ClickHouse server for tests as a child process: HTTP over the embedded engine. It can be killed, and told to refuse
// inserts.
export interface Front {
  readonly url: string;
  readonly dataDir: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}
