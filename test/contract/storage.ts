/** The contract of RecordStorage. Its behaviour under a power cut at each write of the disk is tested in test/host. */
import { check, type Suite } from "../harness/test.ts";
import type { OpenJig } from "./jig.ts";

const DOMAIN = "contract";

export function storageContract(t: Suite, open: OpenJig): void {
	t.test("a record is absent, then written, then replaced, then deleted", async () => {
		const { storage } = (await open()).platform;
		check.equal(storage.read(DOMAIN, "fact"), undefined);
		storage.write(DOMAIN, "fact", Uint8Array.of(1, 2, 3));
		check.bytes(storage.read(DOMAIN, "fact"), "010203");
		storage.write(DOMAIN, "fact", Uint8Array.of(4));
		check.bytes(storage.read(DOMAIN, "fact"), "04");
		storage.delete(DOMAIN, "fact");
		check.equal(storage.read(DOMAIN, "fact"), undefined);
		storage.delete(DOMAIN, "fact");
	});

	t.test("a record may be empty, and one of 3000 bytes comes back whole", async ({ random }) => {
		const { storage } = (await open()).platform;
		storage.write(DOMAIN, "empty", new Uint8Array(0));
		check.bytes(storage.read(DOMAIN, "empty"), "");
		const large = random.bytes(3000);
		storage.write(DOMAIN, "large", large);
		check.bytes(storage.read(DOMAIN, "large"), large);
		storage.delete(DOMAIN, "empty");
		storage.delete(DOMAIN, "large");
	});

	t.test("what is stored is a copy: neither the writer's bytes nor the reader's change it", async () => {
		const { storage } = (await open()).platform;
		const bytes = Uint8Array.of(1, 2, 3);
		storage.write(DOMAIN, "copy", bytes);
		bytes[0] = 9;
		storage.read(DOMAIN, "copy")![1] = 9;
		check.bytes(storage.read(DOMAIN, "copy"), "010203");
		storage.delete(DOMAIN, "copy");
	});

	t.test("a part of a larger buffer is written as that part", async () => {
		const { storage } = (await open()).platform;
		storage.write(DOMAIN, "part", Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4));
		check.bytes(storage.read(DOMAIN, "part"), "010203");
		storage.delete(DOMAIN, "part");
	});

	t.test("domains are apart, and names lists those of one domain", async () => {
		const { storage } = (await open()).platform;
		storage.write(DOMAIN, "one", Uint8Array.of(1));
		storage.write(DOMAIN, "a.b-c_D9", Uint8Array.of(2));
		storage.write("contract-2", "one", Uint8Array.of(3));
		check.deepEqual([...storage.names(DOMAIN)].sort(), ["a.b-c_D9", "one"]);
		check.bytes(storage.read("contract-2", "one"), "03");
		check.deepEqual(storage.names("contract-none"), []);
		for (const name of storage.names(DOMAIN)) storage.delete(DOMAIN, name);
		check.bytes(storage.read("contract-2", "one"), "03");
		storage.delete("contract-2", "one");
		check.deepEqual(storage.names("contract-2"), []);
	});

	t.test("names of 1 to 15 bytes of the closed alphabet are taken, and no others", async () => {
		const { storage } = (await open()).platform;
		storage.write(DOMAIN, "123456789012345", Uint8Array.of(1));
		check.deepEqual(storage.names(DOMAIN), ["123456789012345"]);
		storage.delete(DOMAIN, "123456789012345");
		for (const name of ["", "1234567890123456", "a/b", "ä", "a b"]) {
			check.throws(() => storage.write(DOMAIN, name, Uint8Array.of(1)));
			check.throws(() => storage.write(name, "name", Uint8Array.of(1)));
			check.throws(() => storage.read(DOMAIN, name));
		}
		check.deepEqual(storage.names(DOMAIN), []);
	});

	t.test(
		"every error of a host with faults on command has its code, and the old record stands (T12, I5)",
		async ({ skip }) => {
			const { platform, storageFaults } = await open();
			if (storageFaults === undefined) return skip("this host's storage does not fail on command");
			const { storage } = platform;
			storage.write(DOMAIN, "fact", Uint8Array.of(1));
			for (const code of ["record/full", "record/io"] as const) {
				storageFaults.failWrites(code);
				check.throws(() => storage.write(DOMAIN, "fact", Uint8Array.of(2)), code);
				check.throws(() => storage.write(DOMAIN, "new", Uint8Array.of(2)), code);
				storageFaults.heal();
				check.bytes(storage.read(DOMAIN, "fact"), "01");
				check.equal(storage.read(DOMAIN, "new"), undefined);
			}
			await storageFaults.corrupt(DOMAIN, "fact");
			check.throws(() => storage.read(DOMAIN, "fact"), "record/corrupt");
			storage.write(DOMAIN, "fact", Uint8Array.of(3));
			check.bytes(storageFaults.reboot().read(DOMAIN, "fact"), "03");
		},
	);
}
