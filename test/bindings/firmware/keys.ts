/** The key store: kinds, faults, records of other formats. */

import { PsaCrypto } from "../../../hosts/bindings/crypto.ts";
import { PsaKeyStore } from "../../../hosts/bindings/keys.ts";
import { KeyValueRecords } from "../../../hosts/ecma419/records.ts";
import { toHex } from "../../../modules/base/bytes.ts";
import { end, faultOf, say } from "./say.ts";

const keys = new PsaKeyStore();
const crypto = new PsaCrypto();
const records = new KeyValueRecords();
const message = new Uint8Array([1, 2, 3]);

keys.generate("device", "p256");
keys.generate("noise", "x25519");
keys.generate("label", "secret", 16);
say("kinds", keys.kindOf("device"), keys.kindOf("noise"), keys.kindOf("label"), keys.kindOf("none"));
say("lengths", keys.publicKey("device").length, keys.publicKey("noise").length);
const signature = keys.sign("device", message);
say("verifies", crypto.verifyP256(keys.publicKey("device"), message, signature));
say("deterministic", toHex(signature) === toHex(keys.sign("device", message)));
say(
	"absent",
	faultOf(() => keys.publicKey("none")),
	faultOf(() => keys.sign("none", message)),
	faultOf(() => keys.openKeyPair("none")),
);
say(
	"kind",
	faultOf(() => keys.sign("noise", message)),
	faultOf(() => keys.publicKey("label")),
	faultOf(() => keys.openSecret("device")),
	faultOf(() => keys.openKeyPair("device")),
);
say(
	"name",
	faultOf(() => keys.generate("a b", "p256")),
	faultOf(() => keys.generate("sixteen-letters-", "p256")),
	faultOf(() => keys.generate("../x", "p256")),
);

const pair = keys.openKeyPair("noise");
const other = crypto.generateEphemeral();
say("agrees", pair.agree(other.publicKey) !== undefined);
pair.close();
pair.close();
say(
	"closed",
	faultOf(() => pair.agree(other.publicKey)),
);

const before = toHex(keys.publicKey("device"));
keys.generate("device", "p256");
say("replaced", before !== toHex(keys.publicKey("device")));

const record = records.read("keys", "device")!;
const changed = (change: (bytes: Uint8Array) => Uint8Array): string => {
	records.write("keys", "copy", change(record.slice()));
	return faultOf(() => keys.kindOf("copy"));
};
say(
	"same",
	changed((bytes) => bytes),
);
const withByte = (at: number, value: number): string =>
	changed((bytes) => {
		bytes[at] = value;
		return bytes;
	});
say(
	"newer",
	withByte(0, 2),
	changed((bytes) => new Uint8Array([...bytes, ...bytes])),
);
say(
	"corrupt",
	withByte(0, 0),
	withByte(1, 4),
	withByte(2, 31),
	changed((bytes) => bytes.slice(0, 50)),
	changed(() => new Uint8Array(0)),
);
keys.delete("copy");
keys.delete("copy");
say("deleted", keys.kindOf("copy"));
end();
