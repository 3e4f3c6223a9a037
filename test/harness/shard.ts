/** Every n-th of some items: `2/6` is the third of six shards, which together have each item once. */
export function shardOf<Item>(items: readonly Item[], text: string | undefined): readonly Item[] {
	if (text === undefined) return items;
	const match = /^(\d+)\/(\d+)$/.exec(text);
	const index = Number(match?.[1]);
	const count = Number(match?.[2]);
	if (match === null || index >= count) throw new Error(`no shard: ${text}`);
	return items.filter((_item, place) => place % count === index);
}
