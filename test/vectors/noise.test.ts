/**
 * The 59 published rows of Noise with 25519, ChaChaPoly and SHA256, each in both roles; and XXpsk0, which no
 * published file has, byte for byte against 1,000 transcripts of a second implementation (second-noise.ts).
 */
import { XX_PSK0 } from "../../modules/noise/patterns.ts";
import { check, type Suite } from "../harness/test.ts";
import { patternNamed } from "./noise-patterns.ts";
import { type NoiseTranscript, playTranscript } from "./noise-transcript.ts";

export default function suite(t: Suite): void {
	t.test("every _SHA256 row passes in both roles", ({ crypto, vectors, note }) => {
		const file = vectors("noise/cacophony.25519-chachapoly.json") as {
			readonly vectors: readonly NoiseTranscript[];
		};
		const rows = file.vectors.filter((row) => row.protocol_name.endsWith("_25519_ChaChaPoly_SHA256"));
		for (const row of rows) {
			const pattern = patternNamed(row.protocol_name.split("_")[1]!);
			check.ok(pattern, row.protocol_name);
			playTranscript(crypto, pattern, "initiator", row);
			playTranscript(crypto, pattern, "responder", row);
		}
		note(
			`${rows.length} rows passed in both roles, ${file.vectors.length - rows.length} of other hashes out of set`,
		);
		check.equal(rows.length, 59);
	});

	t.test("a changed byte in a row is found", ({ crypto, vectors }) => {
		const file = vectors("noise/cacophony.25519-chachapoly.json") as {
			readonly vectors: readonly NoiseTranscript[];
		};
		const row = file.vectors.find(
			(candidate) => candidate.protocol_name === "Noise_XXpsk3_25519_ChaChaPoly_SHA256",
		)!;
		const pattern = patternNamed("XXpsk3")!;
		row.messages.forEach((message, index) => {
			const last = message.ciphertext.at(-1) === "0" ? "1" : "0";
			const messages = [...row.messages];
			messages[index] = { payload: message.payload, ciphertext: message.ciphertext.slice(0, -1) + last };
			let found = false;
			try {
				playTranscript(crypto, pattern, "initiator", { ...row, messages });
			} catch {
				found = true;
			}
			check.ok(found, `message ${index + 1}`);
		});
	});

	t.test(
		"XXpsk0 agrees with a second implementation in both roles, 1,000 seeded runs",
		({ crypto, vectors, note }) => {
			const runs = vectors("generated/xxpsk0.json") as readonly NoiseTranscript[];
			check.equal(runs.length, 1000);
			for (const run of runs) {
				playTranscript(crypto, XX_PSK0, "initiator", run);
				playTranscript(crypto, XX_PSK0, "responder", run);
			}
			note(`${runs.length} runs of XXpsk0 agree in both roles`);
		},
	);
}
