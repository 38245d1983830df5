// Files of the market's content store, over REST.

import { createHash } from 'node:crypto';

/**
 * Reads the output of a job, whole, in part and not at all.
 *
 * @param fetchChecked fetch whose answers are validated against openapi.yaml
 * @param output CID of an output directory
 * @param store URL of the content store
 * @param fault is called with each fault
 */
export async function checkFiles({ fetchChecked, api, output, store, fault }) {
    const get = (cid, headers = {}) => fetchChecked(new Request(`${api}/api/files/${cid}`, { headers }));
    const expect = async (what, answer, status, code) => {
        const { code: found } = status >= 400 ? await answer.json() : {};
        if (answer.status !== status || found !== code) {
            fault(`${what}: ${answer.status} ${found}, not ${status} ${code}`);
        }
    };
    await expect('a directory', await get(output), 422, 'is_directory');
    await expect('no CID', await get('bafy'), 400, 'invalid_cid');
    const text = 'done\n';
    const cid = await rawCid(store, text);
    const whole = await get(cid);
    if (whole.status !== 200 || await whole.text() !== text || whole.headers.get('etag') !== `"${cid}"`) {
        fault(`GET /api/files/${cid} is answered ${whole.status} ${whole.headers.get('etag')}`);
    }
    const part = await get(cid, { range: 'bytes=1-2' });
    if (part.status !== 206 || await part.text() !== 'on' || part.headers.get('content-range') !== 'bytes 1-2/5') {
        fault(`a range of ${cid} is answered ${part.status} ${part.headers.get('content-range')}`);
    }
    await expect('a range beyond the file', await get(cid, { range: 'bytes=5-' }), 416, 'range_not_satisfiable');
    await expect('a known file', await get(cid, { 'if-none-match': `"${cid}"` }), 304);
}

/** Stores the text as a raw block. */
async function rawCid(store, text) {
    const body = new FormData();
    body.set('data', new Blob([text]), 'block');
    const answer = await fetch(`${store}/api/v0/block/put?mhtype=sha2-256&cid-codec=raw&pin=true`, { method: 'POST', body });
    const { Key: key } = await answer.json();
    if (key === undefined) {
        throw new Error(`the store has no CID for ${createHash('sha256').update(text).digest('hex')}`);
    }
    return key;
}
