/** The contract on the simulated Linux board: the program of an image that run.ts builds, inside run.ts's jig. */

import { TcpStream } from "../../hosts/ecma419/tcp-stream.ts";
import { openPlatform } from "../../hosts/linux/platform.ts";
import { boardArgument } from "../../hosts/linux/system.ts";
import type { GattRadio } from "../../hosts/radio/gatt-radio.ts";
import { concatBytes } from "../../modules/base/bytes.ts";
import { FIRMWARE_VERSION } from "../../modules/base/version.ts";
import { runSuites } from "../harness/runner.ts";
import { contract } from "./contract.ts";
import {
	type Address,
	type Jig,
	type JigPeer,
	passUntil,
	type SlotFaults,
	type StorageFaults,
} from "./jig.ts";
import { LinuxAir } from "./linux-air.ts";

const LATENCY_MS = 100;

/** Who hears the board, from the first question on. */
let listener: LinuxAir | undefined;

function air(): LinuxAir {
	return new LinuxAir((platform.radio as GattRadio).port);
}

const platform = openPlatform();

function pass(ms: number): Promise<void> {
	return new Promise((resolve) => {
		platform.clock.after(ms, resolve);
	});
}

function address(key: string): Address {
	return { host: "127.0.0.1", port: Number(boardArgument(key)) };
}

/** Only the recorder build of the host has the natives behind this; the jig damages files itself. */
function storageFaults(): StorageFaults {
	const setFaults = native<(faults: string) => void>("xs_files_fault");
	const restart = native<(directory: string) => void>("xs_files_restart");
	return {
		failWrites: (code) => setFaults(code === "record/full" ? "full:0" : "io:0"),
		heal: () => setFaults(""),
		async corrupt(domain, name) {
			const before = platform.pins.read("button");
			trace(`jig: corrupt ${domain} ${name}\n`);
			const damaged = await passUntil(jig, () => platform.pins.read("button") !== before, 5000);
			if (!damaged) throw new Error("the jig does not answer");
		},
		reboot() {
			restart(boardArgument("state")!);
			return platform.storage;
		},
	};
}

/** Over the board's own sockets. */
function dial(): JigPeer {
	const waiting: Uint8Array[] = [];
	const came: Uint8Array[] = [];
	let connected = false;
	let ended = false;
	const flush = (): void => {
		while (connected && waiting.length > 0) {
			const taken = stream.write(waiting[0]!);
			if (taken === 0) return;
			const rest = waiting.shift()!.subarray(taken);
			if (rest.length > 0) waiting.unshift(rest);
		}
	};
	const stream = new TcpStream(
		{ host: "127.0.0.1", port: platform.listener!.port },
		{
			onConnected: () => {
				connected = true;
				flush();
			},
			onReadable: () => {
				for (let bytes = stream.read(4096); bytes !== undefined; bytes = stream.read(4096)) came.push(bytes);
			},
			onWritable: flush,
			onClosed: () => {
				ended = true;
			},
		},
	);
	return {
		write: (bytes) => {
			waiting.push(bytes.slice());
			flush();
		},
		get received() {
			return concatBytes(...came);
		},
		get ended() {
			return ended;
		},
		close: () => stream.close(),
	};
}

function slotFaults(): SlotFaults {
	const setFaults = native<(faults: string) => void>("xs_files_fault");
	return { fail: () => setFaults("io:0"), heal: () => setFaults("") };
}

const jig: Jig = {
	platform,
	dial,
	central: (packetBytes) => air().central(packetBytes),
	sighting: () => {
		listener ??= air();
		return listener.serviceData;
	},
	linkAddress: () => {
		listener ??= air();
		return listener.address;
	},
	...(boardArgument("faults") === "yes" ? { storageFaults: storageFaults(), slotFaults: slotFaults() } : {}),
	pass,
	latencyMs: LATENCY_MS,
	network: {
		silent: address("silent"),
		closing: address("closing"),
		refusing: address("refusing"),
		unknownHost: "nobody.invalid",
	},
};

/** The jig holds the button down when its wires are on. */
async function waitForJig(): Promise<void> {
	while (!platform.pins.read("button")) await pass(10);
	await pass(LATENCY_MS);
}

async function main(): Promise<void> {
	platform.system.log(`contract: firmware ${FIRMWARE_VERSION}`);
	await waitForJig();
	await runSuites([{ file: "test/contract", load: async () => (t) => contract(t, () => jig) }], {
		seed: Number(boardArgument("seed")),
		print: (line) => trace(`${line}\n`),
		crypto: () => {
			throw new Error("the contract has a platform, not a provider");
		},
		readVectors: () => undefined,
		after: (delayMs, callback) => {
			const timer = platform.clock.after(delayMs, callback);
			return () => timer.cancel();
		},
	});
	// The last clause, which the jig observes: a reboot cuts what is live.
	platform.drive.energise("drive-throw", 5000);
	await pass(LATENCY_MS);
	platform.system.reboot();
}

main().catch((error: unknown) => {
	trace(`${String(error)}\n`);
	platform.system.reboot();
});
