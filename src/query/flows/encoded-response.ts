// A response in the encodings of its clients: each is made once, on first use, and shared.
import { toJsonLine } from '../../hubble/json/json.ts';
import { decode, encode } from '../../hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';

export class EncodedResponse {
  readonly kind = 'response';
  /** A flow, and not news about lost events or nodes. */
  readonly isFlow: boolean;
  private decoded: GetFlowsResponse | undefined;
  private encoded: Buffer | undefined;
  private json: string | undefined;
  private known: string | undefined;

  private constructor(isFlow: boolean) {
    this.isFlow = isFlow;
  }

  static of(response: GetFlowsResponse): EncodedResponse {
    const made = new EncodedResponse(response.flow !== undefined);
    made.decoded = response;
    return made;
  }

  /** Of the bytes of a response, which are not copied; `flow` is what is known of its flow, if it has one. */
  static ofBytes(
    bytes: Buffer,
    flow: { readonly uuid?: string | undefined } | undefined,
  ): EncodedResponse {
    const made = new EncodedResponse(flow !== undefined);
    made.encoded = bytes;
    made.known = flow?.uuid;
    return made;
  }

  get response(): GetFlowsResponse {
    this.decoded ??= decode(GetFlowsResponse, this.bytes);
    return this.decoded;
  }

  get bytes(): Buffer {
    this.encoded ??= encode(GetFlowsResponse, this.decoded ?? {});
    return this.encoded;
  }

  /** As `hubble observe -o jsonpb` prints it, without the line's end. */
  get line(): string {
    // Not by way of `response`: a queued response should hold one encoding, not three.
    this.json ??= toJsonLine(
      GetFlowsResponse,
      this.decoded ?? decode(GetFlowsResponse, this.bytes),
    );
    return this.json;
  }

  /** Equal for the same response, from history or live: the flow's uuid, or else all of it. */
  get key(): string {
    this.known ??=
      this.response.flow?.uuid ?? encode(GetFlowsResponse, this.response).toString('latin1');
    return this.known;
  }
}
