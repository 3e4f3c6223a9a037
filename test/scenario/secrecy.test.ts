/** I1 and I6 on the real stack: what is in the lock's memory and what the relay ever sees. */
import { fromHex, toHex } from "../../modules/base/bytes.ts";
import { encodeUtf8 } from "../../modules/base/utf8.ts";
import { NobleCrypto } from "../../tools/crypto/noble.ts";
import { memberCard } from "../../tools/phone/phone.ts";
import { check, type Suite } from "../harness/test.ts";
import { countInMemory, writableRanges } from "./memory.ts";
import { IdentityCrypto, RecordingCrypto } from "./recording-crypto.ts";
import { RevealingCrypto } from "./revealing-crypto.ts";
import { ScenarioHouse } from "./scenario-house.ts";

/** A plaintext shorter than this may stand in a relay's bytes by chance. */
const TELLING_BYTES = 8;

function forms(secret: Uint8Array): Uint8Array[] {
	const hex = toHex(secret);
	const base64 = Buffer.from(secret).toString("base64").replaceAll("=", "");
	const texts = [hex, hex.toUpperCase(), base64, base64.replaceAll("+", "-").replaceAll("/", "_")];
	return [secret, ...texts.map(encodeUtf8)];
}

async function live(scenario: ScenarioHouse, memberName: string): Promise<void> {
	const { house } = scenario;
	await scenario.pair(memberName);
	const phone = await house.phone();
	await phone.status();
	await phone.unlock();
	await phone.lock();
	const crypto = new NobleCrypto();
	const keys = { noisePrivateKey: crypto.random(32), signingPrivateKey: new Uint8Array(32).fill(9) };
	const card = memberCard(crypto, keys, house.label!.serial);
	const id = await phone.addMember(`${memberName} 2`, "member", card);
	await phone.listMembers();
	await phone.readLog();
	await phone.removeMember(id);
}

/** What of `secrets` the relay process ever had: everything it read, wrote, stored and logged inside TLS. */
function seenByRelay(scenario: ScenarioHouse, secrets: readonly Uint8Array[]): string[] {
	const everything = scenario.relay.everything();
	check.ok(everything.length > 2000, "the relay was recorded");
	return secrets.filter((secret) => everything.indexOf(Buffer.from(secret)) >= 0).map(toHex);
}

function plaintextsOf(boardLog: string): Uint8Array[] {
	return [...boardLog.matchAll(/plaintext ([0-9a-f]+)/g)].map(([, hex]) => fromHex(hex!)!);
}

export default function suite(t: Suite): void {
	t.test("the relay never has a plaintext of a session (I6, T1)", async ({ random, note }) => {
		const atPhone: Uint8Array[] = [];
		const canary = `canary ${toHex(random.bytes(8))}`;
		const scenario = await ScenarioHouse.open({
			args: ["record=1"],
			phoneCrypto: new RecordingCrypto(new NobleCrypto(), (plaintext) => atPhone.push(plaintext)),
		});
		try {
			await live(scenario, canary);
			const atLock = plaintextsOf(scenario.boardLog);
			const telling = [...atPhone, ...atLock].filter((plaintext) => plaintext.length >= TELLING_BYTES);
			check.ok(atPhone.length > 10 && atLock.length > 10, "both ends were recorded");
			note(`${telling.length} plaintexts searched for in ${scenario.relay.everything().length} bytes`);
			check.deepEqual(seenByRelay(scenario, [encodeUtf8(canary), ...telling]), []);
			// What it must have seen: the recording works.
			check.equal(seenByRelay(scenario, [encodeUtf8(scenario.house.label!.serial)]).length, 1);
		} finally {
			await scenario.close();
		}
	});

	t.test("with sealing replaced by identity the same search finds the canary (I6)", async ({ random }) => {
		const canary = `canary ${toHex(random.bytes(8))}`;
		const scenario = await ScenarioHouse.open({
			args: ["identity=1"],
			phoneCrypto: new IdentityCrypto(new NobleCrypto()),
		});
		try {
			await live(scenario, canary);
			check.equal(seenByRelay(scenario, [encodeUtf8(canary)]).length, 1);
		} finally {
			await scenario.close();
		}
	});

	t.test("no private key is in the engine's arena, the logs or the relay's bytes (I1)", async ({ note }) => {
		const scenario = await ScenarioHouse.open();
		try {
			await live(scenario, "Ada");
			const keys = scenario.privateKeys;
			check.deepEqual([...keys.keys()].sort(), ["device", "noise", "op-0", "setup"]);
			const needles = [...keys.values()].flatMap(forms);
			const counts = countInMemory(scenario.house.boardPid!, [scenario.arena], needles);
			note(
				`${needles.length} forms of ${keys.size} secrets, arena of ${scenario.arena.end - scenario.arena.start} bytes`,
			);
			check.deepEqual(
				counts,
				needles.map(() => 0),
			);
			check.deepEqual(seenByRelay(scenario, needles), []);
			const log = Buffer.from(scenario.boardLog);
			check.ok(needles.every((needle) => log.indexOf(Buffer.from(needle)) < 0));
		} finally {
			await scenario.close();
		}
	});

	t.test("a key that is planted in the engine's heap is found (I1)", async ({ random }) => {
		const planted = random.bytes(32);
		const scenario = await ScenarioHouse.open({ args: [`plant=${toHex(planted)}`] });
		try {
			const counts = countInMemory(scenario.house.boardPid!, [scenario.arena], [planted]);
			check.ok(counts[0]! >= 1);
		} finally {
			await scenario.close();
		}
	});

	t.test(
		"a session's transport keys are in the process while it lasts, never in the arena, and nowhere after it (I1)",
		async () => {
			const revealing = new RevealingCrypto();
			const scenario = await ScenarioHouse.open({ phoneCrypto: revealing });
			try {
				await scenario.pair("Ada");
				const phone = await scenario.house.phone();
				await phone.unlock();
				const pid = scenario.house.boardPid!;
				const keys = revealing.transportKeys;
				check.equal(keys.length, 2);
				const during = countInMemory(pid, writableRanges(pid), keys);
				check.ok(
					during.every((count) => count >= 1),
					"the search finds what is there",
				);
				check.deepEqual(
					countInMemory(pid, [scenario.arena], keys.flatMap(forms)),
					new Array(keys.length * 5).fill(0),
				);
				phone.close();
				const ended = /session: grant 1 over relay ended/;
				for (let waited = 0; waited < 100 && !ended.test(scenario.boardLog); waited++) {
					await new Promise((resolve) => setTimeout(resolve, 20));
				}
				check.ok(ended.test(scenario.boardLog), scenario.boardLog);
				check.deepEqual(countInMemory(pid, writableRanges(pid), keys), [0, 0]);
				const intermediates = revealing.intermediates;
				check.deepEqual(
					countInMemory(pid, writableRanges(pid), intermediates),
					intermediates.map(() => 0),
				);
			} finally {
				await scenario.close();
			}
		},
	);
}
