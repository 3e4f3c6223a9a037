/**
 * Connects again and again, as `--arg steps=` says: a word a step, with commas between. "connect" connects with the
 * settings of now, "drop" forgets all sessions, "crowd" opens three at once, wait=ms waits, life=ms bounds the life of
 * sessions, anything else is setting=value for what follows (scope, name, now, kind, own, root, pins, port).
 */
import Timer from "timer";

import { NativeTls } from "../../../hosts/bindings/tls.ts";
import {
	neededArgument,
	probeArgument,
	probeFile,
	probeFiles,
	probePins,
} from "../../../hosts/linux/probe-host.ts";
import type { TlsConnection, TlsOptions, TlsRoot } from "../../../modules/platform/tls.ts";
import { end, say } from "./say.ts";

const tls = new NativeTls();
const setLife = native<(ms: number) => void>("xs_lk_test_session_life");
const steps = neededArgument("steps").split(",");
const folder = neededArgument("files");
const settings = new Map<string, string>([
	["scope", "trust 1"],
	["name", "relay.test"],
	["now", neededArgument("now")],
]);
const chain = probeFiles("chain", `${folder}/chain`);

function probeRoot(): TlsRoot {
	const der = probeFile(`${folder}/root${settings.get("root") ?? 0}.der`);
	const pins = probePins(settings.get("pins") || undefined);
	return pins === undefined ? { der } : { der, pins };
}

function options(): TlsOptions {
	const own = chain[Number(settings.get("own") ?? -1)];
	return {
		host: "127.0.0.1",
		port: Number(settings.get("port") ?? neededArgument("port")),
		serverName: settings.get("name")!,
		roots: [probeRoot()],
		time: {
			unixMs: Number(settings.get("now")),
			kind: settings.get("kind") === "floor" ? "floor" : "estimate",
		},
		handshakeMs: 5000,
		resumptionScope: settings.get("scope")!,
		...(own === undefined
			? {}
			: { clientCertificate: { chain: [own], key: { encoded: probeFile(`${folder}/key`) } } }),
	};
}

function next(): void {
	const step = steps.shift();
	if (step === undefined) end();
	const equals = step.indexOf("=");
	if (step === "connect") connect();
	else if (step === "crowd") crowd(3);
	else if (step.startsWith("wait=")) Timer.set(() => next(), Number(step.slice(5)));
	else if (step.startsWith("life=")) {
		setLife(Number(step.slice(5)));
		next();
	} else if (step === "drop") {
		tls.dropSessions();
		next();
	} else if (equals > 0) {
		settings.set(step.slice(0, equals), step.slice(equals + 1));
		next();
	} else throw new TypeError(`no step ${step}`);
}

function connect(): void {
	const connection = tls.connect(options(), {
		onConnected: ({ resumed }) => {
			say(resumed ? "resumed" : "full");
			connection.write(new Uint8Array([120]));
		},
		onReadable: () => {
			if (connection.read(64) === undefined) return;
			connection.close();
			next();
		},
		onWritable: () => undefined,
		onClosed: (reason) => {
			say(reason ?? "closed");
			if (probeArgument("go-on") === undefined) end();
			next();
		},
	});
}

/** All of them come up or fail; only then are they closed. */
function crowd(count: number): void {
	let left = count;
	const open: TlsConnection[] = [];
	const settled = (): void => {
		if (--left > 0) return;
		for (const each of open) each.close();
		next();
	};
	for (let index = 0; index < count; index++) {
		const connection = tls.connect(options(), {
			onConnected: () => {
				say("up");
				open.push(connection);
				settled();
			},
			onReadable: () => undefined,
			onWritable: () => undefined,
			onClosed: (reason) => {
				say(reason ?? "closed");
				settled();
			},
		});
	}
}

next();
