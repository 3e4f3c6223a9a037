/** The `latchkey` program: help for everybody, one clear line for what it cannot do, and no process left behind. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { LIMITS } from "../../modules/base/limits.ts";
import { openRegistry } from "../../tools/relay/registry.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { ensureTrust } from "../../tools/trust/development-trust.ts";
import { COMPILED } from "../harness/files.ts";
import { check, type Suite } from "../harness/test.ts";
import { type CommandEnd, RunningCommand, runCommand } from "./support/command.ts";
import { sharedPki } from "./support/identities.ts";
import { eventually, temporaryFolder } from "./support/temporary.ts";

const run = promisify(execFile);

/** Arguments that are refused -> what the one line must speak of. */
const REFUSED: readonly (readonly [string, string])[] = [
	["", "subcommand"],
	["bogus", "bogus"],
	["--bogus", "--bogus"],
	["bogus --help x", "bogus"],
	["board", "--dir"],
	["board --dir", "--dir"],
	["board --dir /tmp/x --bogus", "--bogus"],
	["board --dir /tmp/x extra", "extra|many"],
	["board --dir /tmp/x --heap-kb many", "--heap-kb"],
	["board --dir /tmp/x --heap-kb 8", "--heap-kb"],
	["board --dir /tmp/x --image /no/such/image", "--image"],
	["relay", "--dir"],
	["relay --dir /tmp/x", "--tls"],
	["relay --dir /tmp/x --tls /no/such/folder", "--tls"],
	["relay --dir /dev/null --tls /tmp", "--dir"],
	["relay --dir /tmp/x --tls /tmp --device-port 65536", "--device-port"],
	["relay --dir /tmp/x --tls /tmp --app-port -1", "--app-port"],
	["relay --dir /tmp/x --tls /tmp --app-port 0x10", "--app-port"],
	["relay --dir /tmp/x --tls /tmp --host no_host", "--host"],
	["relay --dir /tmp/no/relay/here revoke --serial LK-1", "registry"],
	[
		"relay --dir /tmp/x --tls /tmp --issuer pkcs11:token=t;object=o?module-path=/dev/null",
		"--issuer-certificate",
	],
	["relay --dir /tmp/no/relay/here rekey --serial LK-1", "registry"],
	["relay --dir /tmp/no/relay/here health --serial LK-1", "registry"],
	["relay --dir /tmp/x revoke", "--serial"],
	["relay --dir /tmp/x revoke --serial lower", "--serial"],
	["factory", "subcommand"],
	["factory bogus", "bogus"],
	["factory pki", "--dir"],
	["factory pki --dir /tmp/x --name -bad-", "--name"],
	["factory provision", "--serial-line"],
	["factory provision --serial-line /no/tty", "--serial-line"],
	["factory provision --serial-line /dev/null --pki /no/pki", "--pki"],
	["factory pki --dir /tmp/x --relay host", "--relay"],
	["factory pki --dir /tmp/x --relay host:0:name", "--relay"],
	["factory pki --dir /tmp/x --relay host:7:na_me", "--relay"],
	["factory provision --serial-line /dev/null --pki /tmp --bundle /no/file", "--bundle"],
	["factory provision --serial-line /dev/null --pki /tmp", "--registry"],
	["factory provision --serial-line /dev/null --pki /tmp --registry postgres://db", "--registry"],
	["factory provision --serial-line /dev/null --pki /tmp --registry /tmp/r --serial ab", "--serial"],
	[
		"factory provision --serial-line /dev/null --pki /tmp --registry /tmp/r --hardware-class a/b",
		"--hardware-class",
	],
	["phone", "subcommand"],
	["phone bogus", "bogus"],
	["phone status", "--dir"],
	["phone unlock --dir /tmp/x --relay host", "--relay"],
	["phone status --dir /tmp/x --relay h:7:n --ca /no/file", "--ca"],
	["phone status --dir /tmp/x", "--relay.*--local.*--serial-line"],
	["phone status --dir /tmp/x --local h:7 --serial-line /dev/null", "--relay.*--local"],
	["phone status --dir /tmp/x --relay h:7:n", "--ca"],
	["phone status --dir /tmp/x --local h:0", "--local"],
	["phone status --dir /tmp/x --serial-line /no/tty", "--serial-line"],
	["board --dir /tmp/x --local nowhere", "--local"],
	["probe", "subcommand"],
	["trust", "subcommand"],
	["trust keygen", "--out"],
	["trust create", "--out"],
	["trust create --out /dev/null", "--out"],
	["trust create --out /tmp/no-such-draft", "needs --bundle-key"],
	["trust create --out /tmp/no-such-draft --signed yesterday", "--signed"],
	["trust create --out /tmp/no-such-draft --threshold 4", "--threshold"],
	["trust create --out /tmp/no-such-draft --relay-root /no/file", "--relay-root"],
	["trust create --out /tmp/no-such-draft --relay host", "--relay"],
	["trust sign", "--key"],
	["trust sign --key /dev/null", "--key|--bundle"],
	["trust inspect --bundle /no/file", "--bundle"],
	["trust verify", "--bundle"],
	["trust publish --dir /no/folder", "--dir"],
	["trust publish --dir /dev --bundle /etc/passwd", "registry"],
	["trust deliver --serial-line /no/tty", "--serial-line"],
	["phone trust", "--dir"],
	["phone trust --dir /tmp/x --relay h:7:n --ca /dev/null --bundle /no/file", "--ca|--bundle"],
	["phone relays", "subcommand"],
	["phone relays set --dir /tmp/x --relay h:7:n --ca /dev/null --own h", "--ca|--own"],
	["probe bogus", "bogus"],
	["probe tls", "--host"],
	["probe tls --host h --port x --name n --ca /dev/null", "--port"],
	["probe tls --host h --port 7 --name n --ca /no/file", "--ca"],
	["probe tls --host h --port 7 --name n --ca /dev/null --time yesterday", "--time|--ca"],
	["probe ws", "--url"],
	["probe ws --url http://x", "--url"],
];

const HELPED = [
	"",
	"board",
	"relay",
	"relay revoke",
	"relay rekey",
	"relay health",
	"factory",
	"factory pki",
	"factory provision",
	"factory health",
	"phone",
	"phone pair",
	"phone status",
	"phone unlock",
	"phone lock",
	"phone log",
	"phone members",
	"phone trust",
	"phone relays",
	"phone health",
	"phone time",
	"trust",
	"trust keygen",
	"trust create",
	"trust sign",
	"trust inspect",
	"trust verify",
	"trust publish",
	"trust deliver",
	"trust time",
	"probe",
	"probe tls",
	"probe ws",
];

const TOKEN_KEY = "pkcs11:token=t;object=o?module-path=/dev/null";

function split(line: string): string[] {
	return line === "" ? [] : line.split(" ");
}

function checkOneLine(end: CommandEnd, status: number, what: string, words: string): void {
	check.equal(end.status, status, `latchkey ${words}: ${end.stderr}`);
	check.equal(end.stdout, "", `latchkey ${words}`);
	check.ok(/^[^\n]+\n$/.test(end.stderr), `latchkey ${words}: not one line: ${JSON.stringify(end.stderr)}`);
	check.ok(new RegExp(what).test(end.stderr), `latchkey ${words}: says nothing of ${what}: ${end.stderr}`);
}

/** Two at a time: each is a whole process. */
async function inPairs<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
	const rest = [...items];
	const worker = async (): Promise<void> => {
		for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
	};
	await Promise.all([worker(), worker()]);
}

const PARTS = 4;

export default function suite(t: Suite): void {
	// Each is a process: a slow machine gets the time of several tests for them.
	for (let part = 0; part < PARTS; part++) {
		const refused = REFUSED.filter((_, index) => index % PARTS === part);
		t.test(
			`bad arguments are refused with one line on standard error and status 2 (${part + 1} of ${PARTS})`,
			({ note }) =>
				inPairs(refused, async ([words, what]) =>
					checkOneLine(await runCommand(...split(words)), 2, what, words),
				).then(() => note(`${refused.length} refusals`)),
		);
	}

	t.test("every subcommand has --help, on standard output, with status 0", () =>
		inPairs(HELPED, async (words) => {
			const end = await runCommand(...split(words), "--help");
			check.deepEqual([end.status, end.stderr], [0, ""], words);
			check.ok(end.stdout.startsWith(`Usage: latchkey${words === "" ? "" : ` ${words}`}`), end.stdout);
		}),
	);

	t.test("the database's driver is loaded by who opens a database, and by no help", async () => {
		const loads = async (...words: readonly string[]): Promise<string> => {
			const script = `
				const { createRequire } = await import("node:module");
				process.argv = [process.execPath, "latchkey", ...${JSON.stringify(words)}];
				process.stdout.write = () => true;
				await import(${JSON.stringify(pathToFileURL(join(COMPILED, "tools/cli/latchkey.js")).href)});
				const loaded = Object.keys(createRequire(process.execPath).cache);
				process.stderr.write(loaded.some((path) => path.includes("node_modules/libsql/")) ? "driver" : "none");
			`;
			const { stderr } = await run(process.execPath, ["--input-type=module", "-e", script]);
			return stderr;
		};
		await inPairs(["relay", "factory", "trust", "update"], async (word) =>
			check.equal(await loads(word, "--help"), "none", word),
		);
		const dir = temporaryFolder();
		await (await openRegistry(registryPath(dir))).close();
		check.equal(await loads("update", "rollout", "show", "--dir", dir), "driver");
	});

	t.test("a value with line breaks still makes one line", async () => {
		checkOneLine(
			await runCommand("board", "--dir", "/tmp/x", "--heap-kb", "1\nerror: 2\n"),
			2,
			"--heap-kb",
			"…",
		);
	});

	t.test("a failure that is no bad argument is one line and status 1", async () => {
		const empty = temporaryFolder();
		checkOneLine(
			await runCommand("relay", "--dir", join(empty, "data"), "--tls", empty),
			1,
			"device-listener",
			"relay without files",
		);
		writeFileSync(join(empty, "thesis.txt"), "");
		checkOneLine(await runCommand("factory", "pki", "--dir", empty), 1, "other files", "factory pki in use");
		const bundle = join(empty, "empty.bundle");
		const phone = ["phone", "trust", "--dir", empty, "--relay", "127.0.0.1:1:n"];
		for (const size of [0, LIMITS.bundleBytes + 1]) {
			writeFileSync(bundle, new Uint8Array(size));
			const said = await runCommand(...phone, "--ca", bundle, "--bundle", bundle);
			checkOneLine(said, 1, `${size} bytes`, "phone trust with no bundle");
		}
		const { dir } = await sharedPki();
		ensureTrust(dir, [{ host: "127.0.0.1", port: 7443, name: "localhost" }]);
		const words = ["--pki", dir, "--registry", join(temporaryFolder(), "relay.db")];
		checkOneLine(
			await runCommand("factory", "provision", "--serial-line", "/dev/null", ...words, "--issuer", TOKEN_KEY),
			2,
			"--issuer-certificate",
			"factory provision with a key in a token and no certificate",
		);
		const end = await runCommand("factory", "provision", "--serial-line", "/dev/null", ...words);
		checkOneLine(end, 1, "serial line", "factory provision at no terminal");
	});

	t.test("factory pki makes a PKI, and says so the second time", async () => {
		const dir = join(temporaryFolder(), "pki");
		const words = ["factory", "pki", "--dir", dir, "--relay", "192.0.2.1:7443:relay.example"];
		check.deepEqual(await runCommand(...words), {
			status: 0,
			signal: null,
			stdout: `${dir}: made; trust bundle 1: made\n`,
			stderr: "",
		});
		check.deepEqual(await runCommand(...words), {
			status: 0,
			signal: null,
			stdout: `${dir}: unchanged; trust bundle 1: unchanged\n`,
			stderr: "",
		});
	});

	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		t.test(`relay listens, logs JSON lines and stops in good order at ${signal}`, async () => {
			const { dir } = await sharedPki();
			const data = join(temporaryFolder(), "data");
			const words = [
				"--dir",
				data,
				"--tls",
				join(dir, "relay-server"),
				"--host",
				"127.0.0.1",
				"--device-port",
				"0",
				"--app-port",
				"0",
			];
			const relay = new RunningCommand(["relay", ...words]);
			check.ok(await eventually(() => relay.stdout.split("\n").length > 2, 10_000), relay.stderr);
			const listening = relay.stdout
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line) as { readonly event: string; readonly port: number });
			check.deepEqual(
				listening.map((entry) => entry.event),
				["listening", "listening"],
			);
			const socket = connect(listening[1]!.port, "127.0.0.1");
			socket.on("error", () => undefined);
			await new Promise((resolve) => socket.on("connect", resolve));
			relay.child.kill(signal);
			const end = await relay.ended;
			check.deepEqual([end.status, end.stderr], [0, ""]);
			check.ok(end.stdout.includes('"event":"stopped"'), end.stdout);
			socket.destroy();
		});
	}

	t.test("a port in use is one line and status 1", async () => {
		const { dir } = await sharedPki();
		const words = (port: number): string[] => {
			const data = join(temporaryFolder(), "data");
			return [
				"relay",
				"--dir",
				data,
				"--tls",
				join(dir, "relay-server"),
				"--host",
				"127.0.0.1",
				"--device-port",
				String(port),
				"--app-port",
				"0",
			];
		};
		const first = new RunningCommand(words(0));
		check.ok(await eventually(() => first.stdout.includes("\n"), 10_000));
		const { port } = JSON.parse(first.stdout.split("\n")[0]!) as { readonly port: number };
		const second = await runCommand(...words(port));
		check.equal(second.status, 1);
		check.ok(/^latchkey: [^\n]*EADDRINUSE[^\n]*\n$/.test(second.stderr), second.stderr);
		first.child.kill("SIGTERM");
		await first.ended;
	});

	t.test("relay revoke marks a lock in the registry, and says when there is none", async () => {
		const dir = temporaryFolder();
		const registry = await openRegistry(join(dir, "relay.db"));
		check.accepted(await registry.enrol("LK-CLI", "04ee"));
		const end = await runCommand("relay", "--dir", dir, "revoke", "--serial", "LK-CLI");
		check.deepEqual([end.status, end.stdout], [0, "LK-CLI is revoked\n"]);
		check.equal((await registry.find("LK-CLI"))?.status, "revoked");
		await registry.close();
		checkOneLine(
			await runCommand("relay", "--dir", dir, "revoke", "--serial", "LK-NONE"),
			1,
			"LK-NONE",
			"revoke nobody",
		);
	});
}
