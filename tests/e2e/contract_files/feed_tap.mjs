// Reads the live feed of the gateway as a client of server-sent events does, and keeps every message.
export class FeedTap {
    messages = [];
    #abort = new AbortController();

    /** Resolves when the snapshot is there: every later event is kept. */
    static async open(api) {
        const out = new FeedTap();
        const response = await fetch(`${api}/api/events`, { signal: out.#abort.signal });
        if (response.status !== 200) {
            throw new Error(`GET /api/events: ${response.status} ${await response.text()}`);
        }
        const begun = new Promise((resolve) => { out.#read(response.body, resolve); });
        await begun;
        return out;
    }

    async #read(body, onFirst) {
        let text = '';
        try {
            for await (const part of body.pipeThrough(new TextDecoderStream())) {
                text += part;
                const frames = text.split('\n\n');
                text = frames.pop();
                for (const frame of frames) {
                    const data = frame.split('\n').find((line) => line.startsWith('data: '));
                    if (data !== undefined) {
                        this.messages.push(JSON.parse(data.slice('data: '.length)));
                        onFirst();
                    }
                }
            }
        } catch (error) {
            if (error.name !== 'AbortError') {
                throw error;
            }
        }
    }

    close() {
        this.#abort.abort();
    }
}
