// Files of the market's content store, over REST.

/**
 * Stores a file and reads it whole, in part and not at all.
 *
 * @param fetchChecked fetch whose answers are validated against openapi.yaml
 * @param token of the operator
 * @param output CID of an output directory
 * @param fault is called with each fault
 */
export async function checkFiles({ fetchChecked, api, token, output, fault }) {
    const get = (cid, headers = {}) => fetchChecked(new Request(`${api}/api/files/${cid}`, { headers }));
    const post = (body, headers) => fetchChecked(new Request(`${api}/api/files`, { method: 'POST', body, headers }));
    const expect = async (what, answer, status, code) => {
        const { code: found } = status >= 400 ? await answer.json() : {};
        if (answer.status !== status || found !== code) {
            fault(`${what}: ${answer.status} ${found}, not ${status} ${code}`);
        }
    };
    await expect('a directory', await get(output), 422, 'is_directory');
    await expect('no CID', await get('bafy'), 400, 'invalid_request');
    await expect('an upload without credentials', await post('done\n', {}), 401, 'unauthorized');
    const stored = await post('done\n', { authorization: `Bearer ${token}` });
    const { cid, bytes } = await stored.json();
    if (stored.status !== 201 || bytes !== 5 || stored.headers.get('location') !== `/api/files/${cid}`) {
        fault(`POST /api/files is answered ${stored.status} ${cid} ${bytes} ${stored.headers.get('location')}`);
    }
    const whole = await get(cid);
    if (whole.status !== 200 || await whole.text() !== 'done\n' || whole.headers.get('etag') !== `"${cid}"`) {
        fault(`GET /api/files/${cid} is answered ${whole.status} ${whole.headers.get('etag')}`);
    }
    const part = await get(cid, { range: 'bytes=1-2' });
    if (part.status !== 206 || await part.text() !== 'on' || part.headers.get('content-range') !== 'bytes 1-2/5') {
        fault(`a range of ${cid} is answered ${part.status} ${part.headers.get('content-range')}`);
    }
    await expect('a range beyond the file', await get(cid, { range: 'bytes=5-' }), 416, 'range_not_satisfiable');
    await expect('a known file', await get(cid, { 'if-none-match': `"${cid}"` }), 304);
}
