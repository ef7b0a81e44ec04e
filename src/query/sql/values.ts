import { param, type Sql } from '../../store/sql.ts';

export const string = (value: string): Sql => param(value, 'String');
export const strings = (values: readonly string[]): Sql => param(values, 'Array(String)');
