/** Draws once, and says what the seed's record holds; with `full=1` the disk takes nothing. */

import { PsaCrypto } from "../../../hosts/bindings/crypto.ts";
import { PsaKeyStore } from "../../../hosts/bindings/keys.ts";
import { KeyValueRecords } from "../../../hosts/ecma419/records.ts";
import { probeArgument } from "../../../hosts/linux/probe-host.ts";
import { toHex } from "../../../modules/base/bytes.ts";
import { end, faultOf, say } from "./say.ts";

const crypto = new PsaCrypto();
const keys = new PsaKeyStore();
const records = new KeyValueRecords();

if (probeArgument("full") === "1") {
	// Only a recorder build has it.
	const setFault = native<(fault: string) => void>("xs_files_fault");
	setFault("full:0");
	say(
		"full",
		faultOf(() => crypto.random(8)),
		faultOf(() => crypto.generateEphemeral()),
		faultOf(() => keys.generate("k", "secret")),
	);
	say("hash", crypto.sha256(new Uint8Array(0)).length);
	setFault("");
	say(
		"later",
		faultOf(() => crypto.random(8)),
	);
} else say("random", toHex(crypto.random(16)));
say("seed", toHex(records.read("entropy", "seed") ?? new Uint8Array(0)));
end();
