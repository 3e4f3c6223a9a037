/** `latchkey trust time`: serves the time role over HTTP until SIGINT or SIGTERM, or answers one board at a serial line. */
import { isIP } from "node:net";
import type { Command } from "commander";
import { type Endpoint, existingFile, listenEndpoint, serialLine } from "../cli/arguments.ts";
import { CliFault, explaining } from "../cli/fault.ts";
import { TimeFault } from "../cli/time-client.ts";
import { SerialFault } from "../factory/serial-port.ts";
import { VerbLine } from "../factory/verbs.ts";
import { setTimeOverLine } from "./time-line.ts";
import { TimeRole } from "./time-role.ts";
import { TimeServer } from "./time-server.ts";

interface TimeArguments {
	readonly key: string;
	readonly listen?: Endpoint;
	readonly serialLine?: string;
}

const LISTEN: Endpoint = Object.freeze({ host: "127.0.0.1", port: 7445 });

export function registerTrustTime(trust: Command): void {
	trust
		.command("time")
		.description(
			"Say what time it is, signed, to locks that ask: over HTTP for relays, or once at a serial line",
		)
		.requiredOption("--key <file>", "the time role's private key (PEM, PKCS#8, P-256)", existingFile)
		.option("--listen <host:port>", "where to serve (default: 127.0.0.1:7445; port 0: any)", listenEndpoint)
		.option("--serial-line <path>", "answer the board at this line instead, once", serialLine)
		.action((options: TimeArguments) => explaining([TimeFault, SerialFault], () => runTime(options)));
}

async function runTime(options: TimeArguments): Promise<void> {
	const role = TimeRole.fromFile(options.key);
	if (options.serialLine === undefined) return await serve(role, options.listen ?? LISTEN);
	if (options.listen !== undefined) throw new CliFault("--listen and --serial-line exclude each other", 2);
	const line = VerbLine.onPort(options.serialLine);
	try {
		const unixMs = await setTimeOverLine(line, (nonce) => role.answer(nonce));
		process.stdout.write(`the board's time is ${new Date(unixMs).toISOString()}\n`);
	} finally {
		line.close();
	}
}

async function serve(role: TimeRole, { host, port }: Endpoint): Promise<void> {
	const server = new TimeServer(role);
	const told = new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
	});
	const listening = await server.listen(host, port);
	const shown = isIP(host) === 6 ? `[${host}]` : host;
	process.stdout.write(`time role at http://${shown}:${listening}/\n`);
	try {
		await told;
	} finally {
		await server.close();
	}
}
