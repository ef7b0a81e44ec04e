// Field masks applied to decoded flows.
import { inputError } from '../../runtime/errors.ts';
import type { Flow } from './schema.gen.ts';
import type { Field, MessageType } from './schema.ts';

/** Fields to keep by name: whole, or of a message the fields below. */
export type Mask = Map<string, Mask | 'whole'>;

/** Reads paths such as `source.pod_name`. Throws `input/invalid` on a path that the message does not have. */
export function maskOf(type: MessageType, paths: readonly string[]): Mask {
  const mask: Mask = new Map();
  for (const path of paths) {
    let at: Mask = mask;
    let of: MessageType | undefined = type;
    const names = path.split('.');
    for (const [index, name] of names.entries()) {
      const field: Field | undefined = of?.fields.find((each) => each.name === name);
      if (!field) {
        throw inputError(`invalid path "${path}" for ${type.fullName}`);
      }
      of = field.kind === 'message' ? field.type : undefined;
      const below = at.get(name);
      if (below === 'whole') break;
      if (index === names.length - 1) at.set(name, 'whole');
      else at = nested(at, name, below);
    }
  }
  return mask;
}

function nested(mask: Mask, name: string, below: Mask | undefined): Mask {
  const found = below ?? new Map();
  mask.set(name, found);
  return found;
}

/** The flow with nothing but what the mask names. */
export function masked(flow: Flow, mask: Mask): Flow {
  return pick(flow, mask);
}

function pick(message: object, mask: Mask): object {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    const rule = mask.get(name);
    if (rule === undefined || value === undefined) continue;
    // A mask goes into messages only.
    kept[name] = rule === 'whole' ? value : pick(value as object, rule);
  }
  return kept;
}
