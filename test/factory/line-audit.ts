/** What must hold of a factory afterwards, found out without the line's own code where that can be: boards are asked, files are read. */
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, toHex } from "../../modules/base/bytes.ts";
import { verifyAttestation } from "../../modules/update/attest.ts";
import { decodeLabel } from "../../modules/wire/label.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { identify } from "../../tools/factory/board-steps.ts";
import { BenchStation } from "../../tools/factory/line/bench.ts";
import type { BenchBoard } from "../../tools/factory/line/bench-board.ts";
import { Journal } from "../../tools/factory/line/journal.ts";
import type { BoardRow } from "../../tools/factory/line/journal-rows.ts";
import { VerbLine } from "../../tools/factory/verbs.ts";
import { openRegistry, type Registry } from "../../tools/relay/registry.ts";
import { check } from "../harness/test.ts";
import { type LineWorld, PREFIX } from "./line-world.ts";
import { SecretSearch } from "./secret-search.ts";

export interface AuditFigures {
	readonly proven: number;
	readonly scrapped: number;
	readonly spellings: number;
	readonly bytes: number;
	readonly files: number;
}

const FORMATS = ["pdf", "svg", "zpl"] as const;
const BOOT_MS = 20_000;

export async function auditWorld(world: LineWorld): Promise<AuditFigures> {
	const journal = Journal.open(world.at("line.db"));
	const registry = await openRegistry(world.at("relay.db"));
	const desk = await BenchStation.open(world.at("desk"));
	try {
		const rows = journal.boards();
		const serials = new Set<string>();
		let proven = 0;
		for (const number of world.done) {
			const board = world.boards[number - 1]!;
			const serial = await assertDone(world, board, rows, registry, desk);
			check.ok(!serials.has(serial), `${serial} is two boards'`);
			serials.add(serial);
			proven++;
		}
		const scrapped = rows.filter(({ state }) => state === "scrapped");
		for (const row of scrapped) await assertShutOut(row, registry);
		assertNothingElse(world, rows, serials);
		const search = searchFor(world);
		const files = world.files();
		check.deepEqual(search.findInFiles(files), []);
		return {
			proven,
			scrapped: scrapped.length,
			spellings: search.spellings,
			bytes: search.bytes,
			files: files.length,
		};
	} finally {
		await desk.close();
		journal.close();
		await registry.close();
	}
}

/** Sealed, recorded everywhere as the same, and it proves the key of the one certificate of its serial. */
async function assertDone(
	world: LineWorld,
	board: BenchBoard,
	rows: readonly BoardRow[],
	registry: Registry,
	desk: BenchStation,
): Promise<string> {
	const lives = rows.filter(({ mac }) => mac === board.identity.mac);
	const live = lives.filter(({ state }) => state === "done");
	check.equal(live.length, 1, `${board.identity.mac}: ${lives.map(({ state }) => state).join()}`);
	check.ok(lives.every(({ state }) => state === "done" || state === "scrapped"));
	const { serial, publicKeyHex, certificate } = live[0]!;
	check.ok(serial !== undefined && publicKeyHex !== undefined && certificate !== undefined);
	const recorded = await registry.find(serial!);
	check.deepEqual([recorded?.public_key, recorded?.status], [publicKeyHex, "active"]);

	const issued = new X509Certificate(readFileSync(world.at("pki", "issued", `${serial}.pem`)));
	const issuer = new X509Certificate(readFileSync(world.at("pki", "device-intermediate.pem")));
	check.ok(issued.verify(issuer.publicKey), "issued by the line's intermediate");
	check.bytes(new Uint8Array(issued.raw), certificate!);
	check.equal(issued.subject, `CN=${serial}\nserialNumber=${serial}`);
	const jwk = issued.publicKey.export({ format: "jwk" });
	const point = Buffer.concat([
		Uint8Array.of(4),
		Buffer.from(jwk.x!, "base64url"),
		Buffer.from(jwk.y!, "base64url"),
	]);
	check.equal(toHex(point), publicKeyHex);

	const said = await askBoard(board, desk, async (line) => {
		const told = await identify(line);
		const nonce = new NobleCrypto().random(16);
		const answer = await line.call("attest", { 0: nonce });
		const message = answer.ok ? answer.value.bytes(0, { min: 1, max: 512 }) : undefined;
		const attested = check.accepted(
			verifyAttestation(new NobleCrypto(), point, nonce, message ?? new Uint8Array(1)),
		);
		return { told, attested };
	});
	check.deepEqual(
		[said.told.stage, said.told.serial, said.attested.serial, said.attested.sealed],
		["sealed", serial, serial, true],
	);
	assertLabel(world, board, serial!);
	return serial!;
}

/** The label of the board that is there: its secret is the board's own. */
function assertLabel(world: LineWorld, board: BenchBoard, serial: string): void {
	const zpl = readFileSync(world.at("labels", `${serial}.zpl`), "utf8");
	const code = /\^FDMA,([^^]+)\^FS/
		.exec(zpl)?.[1]
		?.replace(/_([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
	const label = check.accepted(decodeLabel(code ?? ""));
	check.equal(label.serial, serial);
	check.ok(
		bytesEqual(label.setupSecret, world.secretsOf(board).get("setup") ?? new Uint8Array(0)),
		"the label's secret",
	);
	for (const format of FORMATS) {
		const status = statSync(world.at("labels", `${serial}.${format}`));
		check.equal(status.mode & 0o777, 0o600);
	}
}

async function assertShutOut({ serial, publicKeyHex }: BoardRow, registry: Registry): Promise<void> {
	if (serial === undefined || publicKeyHex === undefined) return;
	const admitted = await registry.admit({ serial, publicKeyHex });
	check.refused(admitted, "revoked", serial);
}

/** No certificate, row or label of anybody else; none lost. */
function assertNothingElse(world: LineWorld, rows: readonly BoardRow[], done: ReadonlySet<string>): void {
	const known = rows.flatMap(({ serial }) => serial ?? []);
	check.equal(new Set(known).size, known.length);
	const keys = rows.flatMap(({ publicKeyHex }) => publicKeyHex ?? []);
	check.equal(new Set(keys).size, keys.length);
	const issued = readdirSync(world.at("pki", "issued"));
	check.ok(
		issued.every((name) => name.endsWith(".pem") && known.includes(name.slice(0, -4))),
		issued.join(),
	);
	check.ok([...done].every((serial) => serial.startsWith(PREFIX)));
	check.equal(statSync(world.at("labels")).mode & 0o777, 0o700);
	const labels = readdirSync(world.at("labels"));
	check.ok(
		!labels.some((name) => name.endsWith(".new")),
		labels.filter((name) => name.endsWith(".new")).join(),
	);
	for (const number of [...world.done, ...world.setAside.keys()])
		check.ok(world.boards[number - 1] !== undefined);
	check.equal(world.done.length + world.setAside.size, world.options.boards);
	check.equal(new Set(world.done).size, world.done.length);
}

function searchFor(world: LineWorld): SecretSearch {
	const search = new SecretSearch();
	for (const board of world.boards) {
		for (const [name, secret] of world.secretsOf(board))
			search.add(`${board.options.number} ${name}`, secret);
	}
	check.ok(search.spellings > 0, "there are secrets to look for");
	// What it looks for, it finds.
	const [first] = world.boards.flatMap((board) => [...world.secretsOf(board).values()]);
	check.equal(search.findIn(Buffer.from(`x${toHex(first!)}y`)).length, 1);
	return search;
}

async function askBoard<Said>(
	board: BenchBoard,
	desk: BenchStation,
	ask: (line: VerbLine) => Promise<Said>,
): Promise<Said> {
	desk.insert(board);
	const path = join(desk.dir, "serial");
	const deadline = performance.now() + BOOT_MS;
	try {
		for (;;) {
			if (existsSync(path)) {
				const line = VerbLine.onPort(path);
				try {
					return await ask(line);
				} catch (error) {
					if ((error as Error).name !== "SerialFault" || performance.now() > deadline) throw error;
				} finally {
					line.close();
				}
			} else if (performance.now() > deadline) throw new Error("a board does not start");
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	} finally {
		await desk.remove();
	}
}
