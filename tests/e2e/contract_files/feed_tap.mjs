// Reads the live feed of the gateway as a client of server-sent events does, and compares it with the bus.

/** Events of jobs and nodes among recorded messages of the bus, each once. */
export const eventsOf = (messages) => [...new Map(messages.filter(({ subject }) => /^events\.(job|node)\./.test(subject))
    .map(({ headers, body }) => [headers['Nats-Msg-Id'], JSON.parse(body)])).values()];

const essence = ({ kind, at, data }) => `${kind} ${at} ${(data.id ?? data.wallet_address).toLowerCase()}`;

/** The live feed begins with a snapshot, and has every event of the bus once, numbered without gaps. */
export function faultsOfFeed(feed, bus) {
    const faults = [];
    if (feed[0]?.type !== 'snapshot') {
        faults.push(`the live feed begins with ${JSON.stringify(feed[0])}`);
    }
    const events = feed.filter(({ type }) => type === 'event');
    const [got, wanted] = [events, eventsOf(bus)].map((each) => each.map(essence).sort());
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        faults.push(`the live feed has ${got.length} events, the bus ${wanted.length}`);
    }
    const numbers = events.map(({ id }) => Number(id.split('-')[1]));
    if (numbers.some((number, i) => i > 0 && number !== numbers[i - 1] + 1)) {
        faults.push('the live feed skips or repeats a number');
    }
    return faults;
}

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

    get events() {
        return this.messages.filter(({ type }) => type === 'event');
    }

    close() {
        this.#abort.abort();
    }
}
