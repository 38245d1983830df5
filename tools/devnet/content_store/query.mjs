// Parameters of a request: flags, integers and the argument.

import { RequestError } from './errors.mjs';

export function flag(query, name, otherwise) {
    const value = query.get(name);
    if (value === null) {
        return otherwise;
    }
    if (/^(true|1|t|)$/i.test(value)) {
        return true;
    }
    if (/^(false|0|f)$/i.test(value)) {
        return false;
    }
    throw new RequestError(400, `invalid value for option "${name}": "${value}" is not a boolean`);
}

export function integer(query, name) {
    const value = query.get(name);
    if (value === null) {
        return undefined;
    }
    if (!/^\d{1,15}$/.test(value)) {
        throw new RequestError(400, `invalid value for option "${name}": "${value}" is no whole number`);
    }
    return Number(value);
}

export function argument(query, name) {
    const values = query.getAll('arg');
    if (values.length !== 1 || values[0] === '') {
        throw new RequestError(400, `argument "${name}" is required, once`);
    }
    return values[0];
}
