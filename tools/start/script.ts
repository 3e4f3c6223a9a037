/**
 * `npm start -- --script`: the first path of a lock's life, unattended, in a new house each time. Each step is printed with its
 * time and fails the run when what it promises is not so.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { House } from "./house.ts";

const PRESS_MS = 200;

class StepFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "StepFault";
	}
}

function demand(condition: boolean, message: string): void {
	if (!condition) throw new StepFault(message);
}

export async function runScript(print: (line: string) => void): Promise<number> {
	const dir = mkdtempSync(join(tmpdir(), "latchkey-script-"));
	const startedMs = performance.now();
	const relayBytes = { in: 0, out: 0 };
	const boardLines: string[] = [];
	let house: House | undefined;
	const step = async (name: string, work: () => Promise<string | undefined>): Promise<void> => {
		const beganMs = performance.now();
		const result = await work();
		const took = (performance.now() - beganMs).toFixed(0).padStart(6);
		print(`${took} ms  ${name}${result === undefined ? "" : `: ${result}`}`);
	};
	const close = async (): Promise<void> => {
		await house?.close();
		rmSync(dir, { recursive: true, force: true });
	};
	const onSignal = (): void => void close().then(() => process.exit(130));
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, onSignal);
	try {
		await step("make the PKI", async () => {
			house = await House.open({
				dir,
				local: true,
				onBoardLine: (line) => void boardLines.push(line),
				onRelayBytes: (_side, direction, bytes) => {
					relayBytes[direction] += bytes.length;
				},
			});
			return "relay, device and update roots, an intermediate each";
		});
		await lifeOfALock(house!, step, print);
		await step("stop", async () => {
			await house!.close();
			demand(house!.boardPid === undefined, "the board still runs");
			return `the relay passed ${relayBytes.in} bytes in and ${relayBytes.out} bytes out, none of them readable to it`;
		});
		print(`${(performance.now() - startedMs).toFixed(0).padStart(6)} ms  in all`);
		return 0;
	} catch (error) {
		print(`failed: ${(error as Error).message}`);
		for (const line of boardLines.slice(-20)) print(`  board: ${line}`);
		return 1;
	} finally {
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.removeListener(signal, onSignal);
		await close();
	}
}

async function lifeOfALock(
	house: House,
	step: (name: string, work: () => Promise<string | undefined>) => Promise<void>,
	print: (line: string) => void,
): Promise<void> {
	await step("start the relay", async () => {
		const { devicePort, appPort } = await house.startRelay();
		return `locks at port ${devicePort}, apps at port ${appPort}`;
	});
	await step("boot the board", async () => {
		await house.startBoard();
		return `process ${house.boardPid}`;
	});
	let qrCode: string | undefined;
	await step("provision over the serial line", async () => {
		qrCode = await house.provision();
		return house.label?.serial;
	});
	if (qrCode !== undefined) print(`${qrCode}\n${house.labelText ?? ""}`);
	await step("lock reaches its relay", async () => {
		await house.waitForLink();
		return undefined;
	});
	await step("pairing before the button is refused", async () => {
		const refused = await house.pair("Ada").then(
			() => false,
			() => true,
		);
		demand(refused, "a lock paired without its button");
		return undefined;
	});
	await step("press the inside button", async () => {
		await house.mechanism.press("button", PRESS_MS);
		const open = await house.mechanism.waitFor((mechanism) => mechanism.output("indicator"), 2000);
		demand(open, "the pairing window did not open");
		return "the pairing window is open";
	});
	await step("pair by the label's QR code", async () => {
		await house.pair("Ada");
		return undefined;
	});
	await unlockAndLock(house, step);
	await step("cut the power, boot again", async () => {
		await house.cutPower();
		await house.startBoard();
		await house.waitForLink();
		return `process ${house.boardPid}`;
	});
	await unlockAndLock(house, step);
	await step("the lock knows the time", async () => {
		const { unixMs, source } = await (await house.phone()).time();
		demand(unixMs !== undefined && source === "time-role", "the lock has no time from the time role");
		return `${Math.abs(Date.now() - (unixMs ?? 0))} ms from this machine's`;
	});
	await step("read the log", async () => {
		const log = await (await house.phone()).readLog();
		demand(log.entries.length > 0 && !log.gap, "the log has a gap");
		return `${log.entries.length} entries, chain verified`;
	});
	await step("take the relay away, unlock over the local network", async () => {
		await house.stopRelay();
		const { phone, transport } = await house.phoneOverLocal();
		const { tookMs } = await phone.unlock();
		phone.close();
		transport.close();
		demand(house.mechanism.position === 0, "the bolt is not retracted");
		return `port ${house.localPort}, ${tookMs.toFixed(0)} ms`;
	});
}

async function unlockAndLock(
	house: House,
	step: (name: string, work: () => Promise<string | undefined>) => Promise<void>,
): Promise<void> {
	await step("unlock", async () => {
		const { tookMs } = await (await house.phone()).unlock();
		demand(house.mechanism.position === 0, "the bolt is not retracted");
		return `bolt retracted, ${tookMs.toFixed(0)} ms round trip with its travel`;
	});
	await step("lock", async () => {
		await (await house.phone()).lock();
		demand(house.mechanism.position === 1, "the bolt is not thrown");
		return "bolt thrown";
	});
}
