// Lists as async iterators over all pages.

export interface Page<T> {
    items: T[];
    next_cursor: string | null;
}

/** Requests a page when the items of the one before are used up. @param read the first page without a cursor */
export async function* itemsOf<T>(read: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T, void, undefined> {
    let cursor: string | undefined;
    do {
        const page = await read(cursor);
        yield* page.items;
        cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
}
