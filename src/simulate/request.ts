// Reads GetFlowsRequest. What the simulator does not support is refused by name, never ignored.

import { compilePredicate, type Predicate } from '../hubble/filter/predicate.ts';
import { decode, encode } from '../hubble/proto/codec.ts';
import { masked, maskOf } from '../hubble/proto/message-mask.ts';
import {
  Flow,
  type FlowFilter,
  GetFlowsRequest,
  GetFlowsResponse,
} from '../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../runtime/errors.ts';
import { frame, milliseconds } from './framing.ts';
import { STATUS } from './grpc.ts';

export interface FlowsRequest {
  /** Newest (or with `first` oldest) events a node gives of its ring; 0 is no limit. */
  readonly number: number;
  readonly first: boolean;
  readonly follow: boolean;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  /** False when the filters exclude all events of a node. */
  readonly wantsNode: (nodeName: string) => boolean;
  /**
   * Absent when messages go out as they are. Else makes of one the framed message to send, undefined when the
   * filters do not want it. Costs a decoding, so only clients that filter pay for it.
   */
  readonly shape: ((message: Buffer) => Buffer | undefined) | undefined;
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
  const request = refusing(() => decode(GetFlowsRequest, message));
  const { number = 0n, first = false, follow = false, since, until } = request;
  const { whitelist = [], blacklist = [], field_mask } = request;
  if (first && follow) {
    throw new RefusedRequest(STATUS.invalidArgument, 'first cannot be specified with follow');
  }
  if (request.$unknown) throw unimplemented('a field of GetFlowsRequest that it does not know');
  for (const filter of [...whitelist, ...blacklist]) refuseUnknown(filter);
  const wants = refusing(() => compilePredicate(whitelist, blacklist));
  const byNodeOnly = [...whitelist, ...blacklist].every(isNodeFilter);
  const paths = field_mask?.paths ?? [];
  const mask = paths.length > 0 ? refusing(() => maskOf(Flow, paths)) : undefined;
  return {
    number: number > 0xffffffffn ? 0 : Number(number),
    first,
    follow,
    sinceMs: since && milliseconds(since),
    untilMs: until && milliseconds(until),
    wantsNode: byNodeOnly ? (name) => wants({ flow: { node_name: name } }) : () => true,
    shape: byNodeOnly && !mask ? undefined : shaper(byNodeOnly ? () => true : wants, mask),
  };
}

function shaper(wants: Predicate, mask: ReturnType<typeof maskOf> | undefined) {
  return (message: Buffer): Buffer | undefined => {
    const response = decode(GetFlowsResponse, message);
    if (response.flow && !wants(response)) return undefined;
    if (!mask || !response.flow) return frame(message);
    return frame(encode(GetFlowsResponse, { ...response, flow: masked(response.flow, mask) }));
  };
}

function isNodeFilter(filter: FlowFilter): boolean {
  return Object.keys(filter).every((name) => name === 'node_name');
}

function refuseUnknown(filter: FlowFilter): void {
  if (filter.$unknown) throw unimplemented('a filter that it does not know');
  if (filter.experimental) throw unimplemented('the filter experimental (CEL)');
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ParallaxError)) throw error;
    throw new RefusedRequest(STATUS.invalidArgument, error.message);
  }
}

function unimplemented(what: string): RefusedRequest {
  return new RefusedRequest(
    STATUS.unimplemented,
    `the simulated relay does not support ${what} in GetFlows`,
  );
}
