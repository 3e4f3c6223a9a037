/** The simulator answers the contract of a host, on both engines. */
import { concatBytes } from "../../../modules/base/bytes.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { contract } from "../../contract/contract.ts";
import { type Jig, WIRED } from "../../contract/jig.ts";
import type { Suite, SuiteFunction, TestContext } from "../../harness/test.ts";
import { SimBoard } from "../../sim/board.ts";
import { slotImage } from "../../sim/slot-image.ts";

const SILENT = { host: "silent.example", port: 443 };
const CLOSING = { host: "closing.example", port: 443 };
const REFUSING = { host: "refusing.example", port: 443 };

function openJig(crypto: TestCrypto): Jig {
	const board = new SimBoard({
		crypto,
		local: true,
		radio: true,
		slots: { slotBytes: 65536, image: slotImage() },
	});
	const platform = board.boot();
	const { hardware, network, serial, slots, storage, time } = board;
	hardware.set("door", false);
	hardware.onOutput = (role, level) => hardware.set(WIRED[role], level);
	serial.onData = (bytes) => serial.write(bytes);
	network.listen(SILENT.host, SILENT.port, () => undefined);
	network.listen(CLOSING.host, CLOSING.port, () => "closed");
	network.silence(REFUSING.host, REFUSING.port);
	return {
		platform,
		pass: async (ms) => time.advance(ms),
		latencyMs: 4,
		network: { silent: SILENT, closing: CLOSING, refusing: REFUSING, unknownHost: "nobody.invalid" },
		dial: () => {
			const peer = board.local.dial();
			const came: Uint8Array[] = [];
			peer.onData = (bytes) => void came.push(bytes);
			return {
				write: (bytes) => peer.write(bytes),
				get received() {
					return concatBytes(...came);
				},
				get ended() {
					return peer.closed;
				},
				close: () => peer.end(),
			};
		},
		central: (packetBytes) => {
			const central = board.radio.dial();
			central.setPacketBytes(packetBytes);
			return {
				write: (packet) => central.write(packet),
				received: central.received,
				get ended() {
					return central.closed;
				},
				close: () => central.end(),
			};
		},
		sighting: () => board.radio.advertisement,
		storageFaults: {
			failWrites: (code) => storage.failWrites(code),
			heal: () => storage.heal(),
			corrupt: async (domain, name) => storage.corrupt(domain, name),
			reboot: () => storage.reboot(),
		},
		slotFaults: {
			fail: () => {
				for (const fault of ["erase", "write", "read", "boot", "fuse"] as const) slots.fail(fault);
			},
			heal: () => slots.heal(),
		},
	};
}

/** The contract opens its jig in the test, which is where the provider comes from. */
const suite: SuiteFunction = (t: Suite): void => {
	let current: TestContext | undefined;
	const withContext: Suite = {
		test: (name, run) =>
			t.test(name, (context) => {
				current = context;
				return run(context);
			}),
	};
	contract(withContext, () => openJig(current!.crypto));
};

export default suite;
