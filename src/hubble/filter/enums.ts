// Enum names in filter flags: exact and upper-case, as Hubble demands.
import { inputError } from '../../runtime/errors.ts';
import { DropReason, Verdict } from '../proto/schema.gen.ts';

export function verdictNumber(name: string): number {
  if (!Object.hasOwn(Verdict.numbers, name)) throw inputError(`invalid --verdict value: ${name}`);
  return Verdict.numbers[name as keyof typeof Verdict.numbers];
}

export function dropReasonNumber(name: string): number {
  if (name === '') throw inputError('empty --drop-reason-desc value');
  if (!Object.hasOwn(DropReason.numbers, name))
    throw inputError(`invalid --drop-reason-desc value: ${name}`);
  return DropReason.numbers[name as keyof typeof DropReason.numbers];
}
