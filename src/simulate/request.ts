// What a client asked of GetFlows. Anything the simulator cannot honour is refused by name, never ignored.
import { decode } from '../hubble/codec.ts';
import { type FlowFilter, GetFlowsRequest } from '../hubble/schema.gen.ts';
import { ParallaxError } from '../runtime/errors.ts';
import { milliseconds } from './framing.ts';
import { STATUS } from './grpc.ts';

export interface FlowsRequest {
  /** Newest (or with `first` oldest) events a node gives of its ring; 0 is no limit. */
  readonly number: number;
  readonly first: boolean;
  readonly follow: boolean;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  /** Whether a node's flows are wanted, from the node_name filters. */
  readonly wantsNode: (nodeName: string) => boolean;
}

/** A request that is refused, with its gRPC status. */
export class RefusedRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'RefusedRequest';
    this.status = status;
  }
}

/** Reads a GetFlowsRequest. Throws `RefusedRequest`. */
export function readFlowsRequest(message: Buffer): FlowsRequest {
  const request = decodeRequest(message);
  const { number = 0n, first = false, follow = false, field_mask, since, until } = request;
  if (first && follow) {
    throw new RefusedRequest(STATUS.invalidArgument, 'first cannot be specified with follow');
  }
  if (field_mask && field_mask.paths.length > 0) {
    throw unimplemented(`field_mask (${field_mask.paths.join(',')})`);
  }
  if (request.$unknown) throw unimplemented('a field of GetFlowsRequest that it does not know');
  const whitelist = (request.whitelist ?? []).map(readFilter);
  const blacklist = (request.blacklist ?? []).map(readFilter);
  return {
    number: number > 0xffffffffn ? 0 : Number(number),
    first,
    follow,
    sinceMs: since && milliseconds(since),
    untilMs: until && milliseconds(until),
    wantsNode: (name) =>
      (whitelist.length === 0 || whitelist.some((match) => match(name))) &&
      !blacklist.some((match) => match(name)),
  };
}

type NodeMatch = (nodeName: string) => boolean;

function readFilter(filter: FlowFilter): NodeMatch {
  for (const [name, value] of Object.entries(filter)) {
    if (name === 'node_name' || value === undefined) continue;
    throw unimplemented(`the filter ${name === '$unknown' ? 'that it does not know' : name}`);
  }
  const matches = (filter.node_name ?? []).map(nodeMatch);
  return matches.length === 0 ? () => true : (name) => matches.some((match) => match(name));
}

/** `[cluster/]node`, each part a pattern with `*`; an empty part is anything; a bare name is in `default`. */
function nodeMatch(pattern: string): NodeMatch {
  const parts = pattern.split('/');
  if (parts.length > 2) {
    throw new RefusedRequest(
      STATUS.invalidArgument,
      `node_name "${pattern}": too many slashes in pattern`,
    );
  }
  const [cluster, node] = parts.length === 2 ? parts : ['', parts[0]];
  const matchCluster = partMatch(cluster ?? '');
  const matchNode = partMatch(node ?? '');
  return (name) => {
    const slash = name.indexOf('/');
    const ownCluster = slash < 0 ? 'default' : name.slice(0, slash);
    return name !== '' && matchCluster(ownCluster) && matchNode(name.slice(slash + 1));
  };
}

function partMatch(pattern: string): NodeMatch {
  if (pattern === '') return () => true;
  const text = pattern.trim().replace(/\.$/, '').toLowerCase();
  if (!/^[a-z0-9\-_.*]+$/.test(text)) {
    throw new RefusedRequest(
      STATUS.invalidArgument,
      `node_name '${pattern}': invalid rune in pattern`,
    );
  }
  const regexp = new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', '[-.0-9a-z]*')}$`);
  return (name) => regexp.test(name);
}

function decodeRequest(message: Buffer): GetFlowsRequest {
  try {
    return decode(GetFlowsRequest, message);
  } catch (error) {
    if (!(error instanceof ParallaxError)) throw error;
    throw new RefusedRequest(STATUS.invalidArgument, error.message);
  }
}

function unimplemented(what: string): RefusedRequest {
  return new RefusedRequest(
    STATUS.unimplemented,
    `the simulated relay does not support ${what}; it filters by node_name only`,
  );
}
