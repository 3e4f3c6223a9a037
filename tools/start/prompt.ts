/** The prompt of `npm start`: hands at the door, a phone, and live views of the pins and of what the relay sees. */
import { createInterface } from "node:readline";
import { healthText } from "../cli/health-text.ts";
import { PhoneFault } from "../phone/lock-client.ts";
import { logText } from "../phone/log-text.ts";
import { LogFault } from "../phone/phone.ts";
import { TransportFault } from "../phone/transport.ts";
import { WalletFault } from "../phone/wallet.ts";
import { House } from "./house.ts";
import { HouseFault } from "./house-fault.ts";

type Print = (line: string) => void;

interface Views {
	pins: boolean;
	relay: boolean;
	board: boolean;
}

interface PromptCommand {
	readonly name: string;
	readonly help: string;
	run(house: House, views: Views, print: Print): Promise<void>;
}

const SHOWN_BYTES = 48;

const COMMANDS: readonly PromptCommand[] = Object.freeze([
	{
		name: "press",
		help: "press the button on the inside: opens the pairing window of an unclaimed lock",
		run: (house: House) => house.mechanism.press("button", 200),
	},
	{
		name: "pair",
		help: "claim the lock by its label, while the window is open",
		async run(house: House, _views: Views, print: Print) {
			await house.pair("Ada");
			print("paired as Ada");
		},
	},
	{
		name: "unlock",
		help: "retract the bolt from the phone",
		async run(house: House, _views: Views, print: Print) {
			const { tookMs } = await (await house.phone()).unlock();
			print(`unlocked, ${tookMs.toFixed(0)} ms`);
		},
	},
	{
		name: "lock",
		help: "throw the bolt from the phone",
		async run(house: House, _views: Views, print: Print) {
			const { tookMs } = await (await house.phone()).lock();
			print(`locked, ${tookMs.toFixed(0)} ms`);
		},
	},
	{
		name: "status",
		help: "ask the lock how it is",
		async run(house: House, _views: Views, print: Print) {
			const status = await (await house.phone()).status();
			print(
				`bolt ${status.bolt}, door ${status.doorClosed === false ? "open" : "closed"}, ${status.firmware}`,
			);
		},
	},
	{
		name: "health",
		help: "what the lock says of itself: resets, last fault, heap, link failures",
		async run(house: House, _views: Views, print: Print) {
			print(healthText(await (await house.phone()).health(), false).trimEnd());
		},
	},
	{
		name: "time",
		help: "what time the lock has, and from whom",
		async run(house: House, _views: Views, print: Print) {
			const { unixMs, source } = await (await house.phone()).time();
			print(
				unixMs === undefined ? "the lock has no time" : `${new Date(unixMs).toISOString()}, from ${source}`,
			);
		},
	},
	{
		name: "log",
		help: "read and verify the lock's log",
		async run(house: House, _views: Views, print: Print) {
			for (const entry of (await (await house.phone()).readLog()).entries) print(logText(entry));
		},
	},
	{
		name: "members",
		help: "list who may open",
		async run(house: House, _views: Views, print: Print) {
			for (const { id, role, name } of await (await house.phone()).listMembers())
				print(`${id}  ${role}  ${name}`);
		},
	},
	{
		name: "exit",
		help: "press the exit button on the inside: retracts the bolt without any network",
		run: (house: House) => house.mechanism.press("exit", 100),
	},
	{
		name: "reset",
		help: "hold the inside button for ten seconds: the lock forgets its owners",
		async run(house: House, _views: Views, print: Print) {
			print("holding…");
			await house.mechanism.press("button", 10_500);
			house.forgetLock();
		},
	},
	{
		name: "cut",
		help: "cut the power",
		run: (house: House) => house.cutPower(),
	},
	{
		name: "boot",
		help: "give the power back",
		run: (house: House) => house.startBoard(),
	},
	{
		name: "open",
		help: "open the door (contact)",
		run: async (house: House) => house.mechanism.set("door", false),
	},
	{
		name: "close",
		help: "close the door (contact)",
		run: async (house: House) => house.mechanism.set("door", true),
	},
	{
		name: "jam",
		help: "put something in the bolt's way; again to take it out",
		async run(house: House) {
			const jammed = house.mechanism.position !== 0 && house.mechanism.position !== 1;
			house.mechanism.setFault(jammed ? { kind: "none" } : { kind: "jam", at: 0.5 });
		},
	},
	{
		name: "pins",
		help: "watch the pins, live; again to stop",
		async run(_house: House, views: Views) {
			views.pins = !views.pins;
		},
	},
	{
		name: "relay",
		help: "watch what the relay sees inside its own TLS, live; again to stop",
		async run(_house: House, views: Views) {
			views.relay = !views.relay;
		},
	},
	{
		name: "board",
		help: "watch the board's own log; again to stop",
		async run(_house: House, views: Views) {
			views.board = !views.board;
		},
	},
]);

export async function runPrompt(dir: string, print: Print): Promise<number> {
	const views: Views = { pins: false, relay: false, board: true };
	const house = await House.open({
		dir,
		local: true,
		onBoardLine: (line) => views.board && print(`  board  ${line}`),
		onPin: ({ role, level }) => views.pins && print(`  pin    ${role} ${level ? "on" : "off"}`),
		onBolt: (bolt) => print(`  phone  the bolt is ${bolt}`),
		onRelayBytes: (side, direction, bytes) => {
			if (views.relay)
				print(`  relay  ${side} ${direction} ${String(bytes.length).padStart(5)}  ${shown(bytes)}`);
		},
	});
	try {
		await startHouse(house, print);
		return await readCommands(house, views, print);
	} finally {
		await house.close();
	}
}

async function startHouse(house: House, print: Print): Promise<void> {
	const { devicePort, appPort } = await house.startRelay();
	print(`relay: locks at port ${devicePort}, apps at port ${appPort}`);
	await house.startBoard();
	const qrCode = await house.provision((step, elapsedMs) =>
		print(`line: ${step}, ${elapsedMs.toFixed(0)} ms`),
	);
	if (qrCode !== undefined) print(qrCode);
	if (house.labelText !== undefined) print(`label: ${house.labelText}`);
	await house.waitForLink();
	if (house.localPort !== undefined) print(`local network: port ${house.localPort}`);
	print(house.paired ? "this phone knows the lock: try unlock" : "try: press, pair, unlock, lock, help");
}

async function readCommands(house: House, views: Views, print: Print): Promise<number> {
	const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: "latchkey> " });
	const end = (): void => terminal.close();
	for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.once(signal, end);
	terminal.on("SIGINT", end);
	terminal.prompt();
	for await (const line of terminal) {
		const name = line.trim();
		if (name === "quit") break;
		if (name === "help" || name === "?") showHelp(print);
		else if (name !== "") await runCommand(name, house, views, print);
		terminal.prompt();
	}
	terminal.close();
	return 0;
}

async function runCommand(name: string, house: House, views: Views, print: Print): Promise<void> {
	const command = COMMANDS.find((candidate) => candidate.name === name);
	if (command === undefined) return print(`no command ${name}: try help`);
	try {
		await command.run(house, views, print);
	} catch (error) {
		const expected = [PhoneFault, LogFault, TransportFault, WalletFault, HouseFault];
		if (!expected.some((each) => error instanceof each)) throw error;
		print((error as Error).message);
	}
}

function showHelp(print: Print): void {
	for (const { name, help } of COMMANDS) print(`  ${name.padEnd(8)} ${help}`);
	print("  quit     stop everything (also Ctrl-C)");
}

function shown(bytes: Uint8Array): string {
	const start = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString("hex");
	return bytes.length > SHOWN_BYTES ? `${start}…` : start;
}
