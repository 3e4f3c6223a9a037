import { RECORDS } from "../../../modules/store/records.ts";
import { type RecordCodec, recordCodec, Store } from "../../../modules/store/store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimStorage } from "../../sim/storage.ts";

/** A counter in the floor's place: format 2; format 1 kept it as text. */
const CODEC: RecordCodec<number> = recordCodec({
	row: RECORDS.timeFloor,
	format: 2,
	encode: (value) => ({ 1: value }),
	decode: (fields) => (fields.hasOnly([0, 1]) ? fields.uint(1, 1000) : undefined),
	migrate(fields, format) {
		const text = format === 1 && fields.hasOnly([0, 1]) ? fields.text(1, 4) : undefined;
		return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : undefined;
	},
});

const [DOMAIN, NAME] = ["time", "floor"];

function stored(bytes: Uint8Array): { readonly storage: SimStorage; readonly store: Store } {
	const storage = new SimStorage();
	storage.write(DOMAIN, NAME, bytes);
	return { storage, store: new Store(storage) };
}

export default function suite(t: Suite): void {
	t.test("what was written is read back, also after a reboot", () => {
		const storage = new SimStorage();
		const store = new Store(storage);
		check.refused(store.read(CODEC), "absent");
		check.accepted(store.write(CODEC, 7));
		check.equal(check.accepted(store.read(CODEC)), 7);
		check.equal(check.accepted(new Store(storage.reboot()).read(CODEC)), 7);
		check.bytes(storage.peek(DOMAIN, NAME), encodeCbor({ 0: 2, 1: 7 }));
		check.accepted(store.erase(RECORDS.timeFloor));
		check.refused(store.read(CODEC), "absent");
		check.accepted(store.erase(RECORDS.timeFloor), "erasing what is absent");
	});

	t.test("a newer format is refused, not misread, and reading does not touch it", () => {
		const bytes = encodeCbor({ 0: 3, 1: 7 });
		const { storage, store } = stored(bytes);
		check.refused(store.read(CODEC), "newer-format");
		check.bytes(storage.peek(DOMAIN, NAME), bytes);
	});

	t.test(
		"an older format is read by its migration, and becomes the present one when it is next written",
		() => {
			const { storage, store } = stored(encodeCbor({ 0: 1, 1: "41" }));
			check.equal(check.accepted(store.read(CODEC)), 41);
			check.equal(storage.mutations().length, 1, "reading writes nothing");
			check.accepted(store.write(CODEC, 42));
			check.bytes(storage.peek(DOMAIN, NAME), encodeCbor({ 0: 2, 1: 42 }));
		},
	);

	t.test(
		"while the image is on trial no record rises in format, and what stands is read on (T12, I5)",
		() => {
			let isOnTrial = true;
			const storage = new SimStorage();
			const old = encodeCbor({ 0: 1, 1: "41" });
			storage.write(DOMAIN, NAME, old);
			const store = new Store(storage, () => isOnTrial);
			check.equal(check.accepted(store.read(CODEC)), 41);
			check.refused(store.write(CODEC, 42), "on-trial");
			check.bytes(storage.peek(DOMAIN, NAME), old);
			// Nor where there is none, or one that says nothing: the image before may know the row in its first format.
			for (const bytes of [undefined, Uint8Array.of(0xff)]) {
				if (bytes === undefined) storage.delete(DOMAIN, NAME);
				else storage.write(DOMAIN, NAME, bytes);
				check.refused(store.write(CODEC, 42), "on-trial");
			}
			// In the format that is there already, and in the first one, it writes as ever.
			storage.write(DOMAIN, NAME, encodeCbor({ 0: 2, 1: 7 }));
			check.accepted(store.write(CODEC, 8));
			storage.write(DOMAIN, NAME, old);
			check.accepted(store.write({ ...CODEC, format: 1 }, 9));
			// Once it is confirmed nothing stands in the way.
			storage.write(DOMAIN, NAME, old);
			isOnTrial = false;
			check.accepted(store.write(CODEC, 42));
			check.bytes(storage.peek(DOMAIN, NAME), encodeCbor({ 0: 2, 1: 42 }));
		},
	);

	t.test("an older format that its migration cannot read is corrupt", () => {
		check.refused(stored(encodeCbor({ 0: 1, 1: 41 })).store.read(CODEC), "corrupt");
	});

	t.test("records that say what cannot be are corrupt (I5)", () => {
		const cases: readonly Uint8Array[] = [
			new Uint8Array(0),
			encodeCbor({ 0: 2 }),
			encodeCbor({ 1: 7 }),
			encodeCbor({ 0: 0, 1: 7 }),
			encodeCbor({ 0: "2", 1: 7 }),
			encodeCbor({ 0: 2, 1: 1001 }),
			encodeCbor({ 0: 2, 1: 7, 2: 1 }),
			encodeCbor([2, 7]),
			encodeCbor({ 0: 2, 1: 7 }).subarray(0, 4),
			new Uint8Array([...encodeCbor({ 0: 2, 1: 7 }), 0]),
			encodeCbor({ 0: 2, 1: 7, 3: new Uint8Array(64) }),
		];
		for (const bytes of cases) check.refused(stored(bytes).store.read(CODEC), "corrupt");
	});

	t.test("no stored bytes make reading throw (I9)", ({ random }) => {
		const good = encodeCbor({ 0: 2, 1: 7 });
		let accepted = 0;
		for (let round = 0; round < 500; round++) {
			const bytes = random.boolean() ? random.mutate(good) : random.bytes(random.below(24));
			if (stored(bytes).store.read(CODEC).ok) accepted++;
		}
		check.ok(accepted < 400);
	});

	t.test("bytes that fail their checksum and flash that fails are told apart", () => {
		const { storage, store } = stored(encodeCbor({ 0: 2, 1: 7 }));
		storage.corrupt(DOMAIN, NAME);
		check.refused(store.read(CODEC), "corrupt");
		storage.makeUnreadable(DOMAIN, NAME);
		check.refused(store.read(CODEC), "io");
		storage.makeUnlistable(DOMAIN);
		check.refused(store.has(RECORDS.timeFloor), "io");
	});

	t.test("a full disk refuses a write as a value, and the old record stands (T12)", () => {
		const { storage, store } = stored(encodeCbor({ 0: 2, 1: 7 }));
		storage.failWrites("record/full");
		check.refused(store.write(CODEC, 8), "full");
		check.equal(check.accepted(store.read(CODEC)), 7);
		storage.heal();
		storage.failWrites("record/io");
		check.refused(store.write(CODEC, 8), "io");
		storage.failDeletes();
		check.refused(store.erase(RECORDS.timeFloor), "io");
		storage.heal();
		check.accepted(store.write(CODEC, 8));
		check.equal(check.accepted(store.read(CODEC)), 8);
	});

	t.test("a power cut is not caught, and leaves the old record or the new one (I5)", () => {
		for (const applied of [false, true]) {
			const { storage, store } = stored(encodeCbor({ 0: 2, 1: 7 }));
			storage.cutAfter(0, applied);
			check.throws(() => store.write(CODEC, 8), "PowerCut");
			check.equal(check.accepted(new Store(storage.reboot()).read(CODEC)), applied ? 8 : 7);
		}
	});

	t.test(
		"a value beyond its row's bound, and a name outside its family, are programmer's errors (I8)",
		() => {
			const store = new Store(new SimStorage());
			const wide = recordCodec<Uint8Array>({
				row: RECORDS.timeFloor,
				format: 1,
				encode: (value) => ({ 1: value }),
				decode: (fields) => fields.bytes(1, 64),
			});
			check.throws(() => store.write(wide, new Uint8Array(64)), "AssertionFault");
			check.refused(stored(encodeCbor({ 0: 1, 1: new Uint8Array(64) })).store.read(wide), "corrupt");
			check.throws(() => store.read(CODEC, 0), "AssertionFault");
			check.throws(() => store.erase(RECORDS.grant), "AssertionFault");
			check.throws(() => store.erase(RECORDS.grant, RECORDS.grant.count!), "AssertionFault");
		},
	);

	t.test("the members of a family are those names alone that the table allows", () => {
		const storage = new SimStorage();
		for (const name of [
			"grant-0",
			"grant-31",
			"grant-7",
			"grant-32",
			"grant-07",
			"grant-",
			"grant-1x",
			"claim",
		]) {
			storage.write("access", name, new Uint8Array(1));
		}
		check.deepEqual(check.accepted(new Store(storage).indexes(RECORDS.grant)), [0, 7, 31]);
	});
}
