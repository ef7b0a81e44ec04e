// GetFlowsRequest as a query, by Hubble's rules; fields of newer clients are ignored.
import { type FieldMask, flowMask } from '../../hubble/proto/field-mask.ts';
import type { FlowFilter, GetFlowsRequest } from '../../hubble/proto/schema.gen.ts';
import { formatTimestamp, toNanos } from '../../hubble/proto/timestamp.ts';
import type { Timestamp } from '../../hubble/proto/wellknown.ts';
import type { FlowQuery } from '../../query/flows/flows.ts';
import { inputError } from '../../runtime/errors.ts';

export interface FlowsCall extends FlowQuery {
  readonly follow: boolean;
  /** Of the flow; undefined keeps everything. */
  readonly mask: FieldMask | undefined;
}

/** Throws `input/invalid`. */
export function readFlowsCall(request: GetFlowsRequest, maxFilters: number): FlowsCall {
  const { number = 0n, first = false, follow = false, since, until, field_mask } = request;
  const whitelist = request.whitelist ?? [];
  const blacklist = (request.blacklist ?? []).filter((filter) => !isUnknown(filter));
  const filters = whitelist.length + blacklist.length;
  if (first && follow) throw inputError('first cannot be specified with follow');
  if (filters > maxFilters)
    throw inputError(
      `${filters} filters are more than ${maxFilters} (api.maxFilters); split the call`,
    );
  return {
    whitelist,
    blacklist,
    number,
    first: first && number > 0n,
    follow,
    since: checkedNanos('since', since),
    until: checkedNanos('until', until),
    events: 'all',
    numberOfFlows: true,
    mask: flowMask(field_mask?.paths ?? []),
  };
}

/** Nanoseconds since 1970. Times outside protobuf's range are refused, as by a relay. */
function checkedNanos(name: string, time: Timestamp | undefined): bigint | undefined {
  if (time === undefined) return undefined;
  if (formatTimestamp(time) === undefined)
    throw inputError(
      `${name}: ${time.seconds} seconds and ${time.nanos} nanoseconds are not a time of the years 1 to 9999 (nanoseconds: 0 to 999999999)`,
    );
  return toNanos(time);
}

/** A filter with fields of newer clients only: read as an empty filter it would exclude every flow. */
function isUnknown(filter: FlowFilter): boolean {
  return filter.$unknown !== undefined && Object.keys(filter).every((name) => name === '$unknown');
}
