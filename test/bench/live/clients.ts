// Clients that follow new flows, over gRPC and HTTP in turn, each with a filter of its own, and what reaches them when.
import http from 'node:http';
import { Client, credentials } from '@grpc/grpc-js';
import { toJson } from '../../../src/hubble/json/json.ts';
import { decode } from '../../../src/hubble/proto/codec.ts';
import { LazyResponse } from '../../../src/hubble/proto/lazy.ts';
import {
  FlowFilter,
  type GetFlowsRequest,
  GetFlowsResponse,
} from '../../../src/hubble/proto/schema.gen.ts';
import { keepBytes, Observer } from '../../../src/hubble/proto/services.ts';

const STEP_MS = 10;
const STEPS = 3000;

/** How long flows took, from the time they carry to the client. */
export class Delays {
  private readonly counts = new Uint32Array(STEPS);
  flows = 0;
  /** Flows that clients were told they missed. */
  lost = 0;

  note(flowMs: number): void {
    const step = Math.floor((Date.now() - flowMs) / STEP_MS);
    const at = Math.min(Math.max(step, 0), STEPS - 1);
    this.counts[at] = (this.counts[at] as number) + 1; // at < STEPS
    this.flows++;
  }

  /** Milliseconds, to the next ten. */
  quantile(q: number): number {
    let left = this.flows * q;
    for (const [step, count] of this.counts.entries()) {
      left -= count;
      if (left <= 0 && this.flows > 0) return (step + 1) * STEP_MS;
    }
    return Number.NaN;
  }

  reset(): void {
    this.counts.fill(0);
    this.flows = this.lost = 0;
  }
}

const WORKLOADS = ['frontend', 'checkout', 'cart', 'catalog', 'payments', 'orders', 'search'];

/** Filters as people follow with; the same number always gives the same one, and no two are alike. */
export function filterOf(n: number): FlowFilter {
  const kinds: readonly (() => FlowFilter)[] = [
    () => ({ verdict: [2], source_port: [String(30_000 + n)] }),
    () => ({ verdict: [2], source_pod: [`/${WORKLOADS[n % WORKLOADS.length]}`, `/none-${n}`] }),
    () => ({ source_identity: [1000 + n], event_type: [{ type: 4 }] }),
    () => ({
      destination_pod: [`default/${WORKLOADS[n % WORKLOADS.length]}-${n % 3}`],
      protocol: ['tcp'],
    }),
    () => ({ http_status_code: ['5+'], node_name: [`*node-${n % 3}*`, `x${n}`] }),
    () => ({
      destination_label: [`app=${WORKLOADS[n % WORKLOADS.length]},tier!=t${n}`],
      verdict: [2],
    }),
    () => ({ dns_query: [`^${'abcdefghijklmnop'[n % 16]}.*cluster`], protocol: ['dns'] }),
    () => ({ source_ip: [`10.${n % 8}.0.0/20`], destination_port: ['443', String(n)] }),
  ];
  return kinds[n % kinds.length]?.() ?? {};
}

export interface Follower {
  close(): void;
}

/** `filter` undefined: everything. */
export function followGrpc(address: string, filter: FlowFilter | undefined, to: Delays): Follower {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const request: GetFlowsRequest = { follow: true, whitelist: filter ? [filter] : [] };
  const { path, requestSerialize } = Observer.GetFlows;
  const call = client.makeServerStreamRequest(path, requestSerialize, keepBytes, request);
  const lazy = new LazyResponse();
  call.on('data', (bytes: Buffer) => {
    const time = lazy.read(bytes).flow?.time;
    if (time) to.note(Number(time.seconds) * 1000 + time.nanos / 1e6);
    else to.lost += lostIn(decode(GetFlowsResponse, bytes));
  });
  call.on('error', () => {});
  return {
    close() {
      call.cancel();
      client.close();
    },
  };
}

export function followHttp(url: string, filter: FlowFilter | undefined, to: Delays): Follower {
  const body = { follow: true, whitelist: filter ? [toJson(FlowFilter, filter)] : [] };
  const headers = { 'content-type': 'application/json' };
  const request = http.request(`${url}/api/v1/flows:query`, { method: 'POST', headers });
  request.on('error', () => {});
  request.on('response', (response) => {
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) noteLine(line, to);
    });
  });
  request.end(JSON.stringify(body));
  return { close: () => request.destroy() };
}

/** Only the time is read: a whole parse a line would measure this process rather than the server. */
function noteLine(line: string, to: Delays): void {
  const time = /^\{"flow":\{"time":"([^"]+)"/.exec(line)?.[1];
  if (time !== undefined) to.note(Date.parse(time));
  else to.lost += Number(/"num_events_lost":"(\d+)"/.exec(line)?.[1] ?? 0);
}

function lostIn({ lost_events }: GetFlowsResponse): number {
  return Number(lost_events?.num_events_lost ?? 0n);
}
