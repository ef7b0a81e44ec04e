// Node status events as lines and as fields.
import { enumName } from '../names.ts';
import { type GetFlowsResponse, NodeState, NodeStatusEvent } from '../proto/schema.gen.ts';
import type { CellOptions } from './cells.ts';
import { prototext } from './prototext.ts';
import { quoted } from './text.ts';

/** Names stop once they and their separators have taken this many bytes. */
const LIST_WIDTH = 50;

export function statusLine(
  response: GetFlowsResponse,
  status: NodeStatusEvent,
  { time, colors }: CellOptions,
): string {
  const text = `[${response.node_name ?? ''}]: ${sentence(status)}`;
  return `${time(response.time)} ${colors.visible(text)}\n`;
}

function sentence(status: NodeStatusEvent): string {
  const names = status.node_names ?? [];
  const list = nodeList(names);
  switch (status.state_change) {
    case NodeState.numbers.NODE_CONNECTED:
      return `Receiving flows from ${names.length} nodes: ${list}`;
    case NodeState.numbers.NODE_UNAVAILABLE:
      return `${names.length} nodes are unavailable: ${list}`;
    case NodeState.numbers.NODE_GONE:
      return `${names.length} nodes removed from cluster: ${list}`;
    case NodeState.numbers.NODE_ERROR:
      return `Error ${quoted(status.message ?? '')} on ${names.length} nodes: ${list}`;
    default:
      return `unknown node status event: ${prototext(NodeStatusEvent, status)}`;
  }
}

export function statusFields(
  response: GetFlowsResponse,
  status: NodeStatusEvent,
  { time, colors }: CellOptions,
): [string, string][] {
  const message = status.message ?? '';
  return [
    ['TIMESTAMP', time(response.time)],
    ['STATE', enumName(NodeState, status.state_change)],
    ['NODES', colors.visible(nodeList(status.node_names ?? []))],
    ['MESSAGE', message === '' ? 'N/A' : quoted(message)],
  ];
}

function nodeList(names: readonly string[]): string {
  let width = 0;
  let shown = 0;
  for (const name of names) {
    width += Buffer.byteLength(name) + 2;
    if (width > LIST_WIDTH && shown > 0) break;
    shown++;
  }
  const list = names.slice(0, shown).join(', ');
  return shown < names.length ? `${list} (and ${names.length - shown} more)` : list;
}
