// Synthetic relay responses for the bus benchmark: the shape and the entropy of real ones (random uuid, distinct times
// and ports, endpoints and labels that repeat), about 900 bytes each. Only sizes and repetition matter here.

const LABELS = ['app', 'component', 'team', 'tier', 'version'];

function field(number: number, value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function number(fieldNumber: number, value: number): Buffer {
  return Buffer.concat([varint(fieldNumber << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A seeded generator, so that two runs see the same bytes. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hex(random: () => number, digits: number): string {
  let text = '';
  while (text.length < digits) text += Math.floor(random() * 16).toString(16);
  return text;
}

function uuid(random: () => number): string {
  const h = hex(random, 32);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`;
}

interface Endpoint {
  readonly ip: string;
  readonly bytes: Buffer;
}

function endpoints(random: () => number, count: number): Endpoint[] {
  return Array.from({ length: count }, (_, index) => {
    const namespace = `namespace-${index % 12}`;
    const app = `service-${index % 40}`;
    const labels = LABELS.map((key) => `k8s:${key}=${app}-${key}`);
    return {
      ip: `10.${index % 4}.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`,
      bytes: Buffer.concat([
        number(1, 1000 + index),
        number(2, 65_536 + index),
        field(3, namespace),
        ...[
          ...labels,
          `k8s:io.cilium.k8s.policy.cluster=cluster-${index % 4}`,
          `k8s:io.kubernetes.pod.namespace=${namespace}`,
        ].map((label) => field(4, label)),
        field(5, `${app}-${hex(random, 10)}-${hex(random, 5)}`),
        field(6, Buffer.concat([field(1, app), field(2, 'Deployment')])),
        field(7, `cluster-${index % 4}`),
      ]),
    };
  });
}

/** `count` responses with 240 distinct endpoints. */
export function makeFlows(count: number, seed = 1): Buffer[] {
  const random = mulberry32(seed);
  const all = endpoints(random, 240);
  const pick = (): Endpoint => all[Math.floor(random() * all.length)] as Endpoint;
  let nanos = 0;
  return Array.from({ length: count }, () => {
    const [source, destination] = [pick(), pick()];
    nanos += Math.floor(random() * 20_000);
    const time = Buffer.concat([
      number(1, 1_780_000_000 + Math.floor(nanos / 1e9)),
      number(2, nanos % 1e9),
    ]);
    const ports = Buffer.concat([
      number(1, 32_768 + Math.floor(random() * 28_000)),
      number(2, [80, 443, 8080, 9090][Math.floor(random() * 4)] ?? 80),
      field(3, number(2, 1)),
    ]);
    const flow = Buffer.concat([
      field(1, time),
      number(2, random() < 0.95 ? 1 : 2),
      field(4, Buffer.concat([field(1, hex(random, 12)), field(2, hex(random, 12))])),
      field(5, Buffer.concat([field(1, source.ip), field(2, destination.ip), number(4, 1)])),
      field(6, field(1, ports)),
      field(8, source.bytes),
      field(9, destination.bytes),
      number(10, 1),
      field(11, `cluster-1/ip-10-0-${Math.floor(random() * 20)}-17.eu-central-1.compute.internal`),
      field(19, Buffer.concat([number(1, 4), number(2, 3)])),
      number(22, 1 + (random() < 0.5 ? 1 : 0)),
      number(25, 3),
      field(26, Buffer.from([8, 0])),
      field(34, uuid(random)),
      field(100_000, 'TCP Flags: ACK, PSH'),
    ]);
    return Buffer.concat([
      field(1, flow),
      field(1000, 'cluster-1/ip-10-0-3-17'),
      field(1001, time),
    ]);
  });
}
