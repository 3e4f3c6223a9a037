/** The contract of SerialPort and Tls. What Mbed TLS accepts and refuses is tested in test/bindings. */
import { concatBytes, fromHex } from "../../modules/base/bytes.ts";
import type { TlsHandlers, TlsOptions, TlsReason } from "../../modules/platform/tls.ts";
import { check, type Suite } from "../harness/test.ts";
import { type Address, type Jig, type OpenJig, passUntil } from "./jig.ts";

/** A root that signed nothing. */
const ROOT = fromHex(
	"308201883082012da003020102021451175bb757a7373f155ecca375b4013b6e5ff691300a06082a8648ce3d040302301831163014" +
		"06035504030c0d636f6e747261637420726f6f743020170d3236313132313039353331345a180f32303831303832343039353331345a3018" +
		"3116301406035504030c0d636f6e747261637420726f6f743059301306072a8648ce3d020106082a8648ce3d030107034200043b7508e6e1" +
		"a0912fbebbf038b0722e15f0647d8303d147aca00aaf397c912fcd8a9e8da8bbb108a64ec94c755a7602b837b9becda37f061df5bed4d360" +
		"25f8b5a3533051301d0603551d0e04160414d51346bf981279705fa1fbae9aa011adec251c6e301f0603551d23041830168014d51346bf98" +
		"1279705fa1fbae9aa011adec251c6e300f0603551d130101ff040530030101ff300a06082a8648ce3d040302034900304602210086" +
		"3e5631c3bb643a0b1ea7f1a37f630ccc6d07b7fb7b17542b3a7ee5cb9b6c45022100af4730d71e75457b245fd03c0f43a41e2b6162bea7f5" +
		"d88bac4f204dc7a3fbe5",
)!;

function optionsFor({ host, port }: Address, handshakeMs = 5000): TlsOptions {
	const time = { unixMs: 1_800_000_000_000, kind: "floor" } as const;
	return { host, port, serverName: "relay.example", roots: [{ der: ROOT }], time, handshakeMs };
}

/** How a connection attempt ends. */
async function endOf(
	jig: Jig,
	options: TlsOptions,
): Promise<TlsReason | undefined | "connected" | "nothing"> {
	let end: TlsReason | undefined | "connected" | "nothing" = "nothing";
	const handlers: TlsHandlers = {
		onConnected: () => {
			end = "connected";
		},
		onReadable: () => undefined,
		onWritable: () => undefined,
		onClosed: (reason) => {
			check.equal(end, "nothing", "the end comes once");
			end = reason;
		},
	};
	const connection = jig.platform.tls.connect(options, handlers);
	check.equal(end, "nothing", "nothing is said from inside the call");
	await passUntil(jig, () => end !== "nothing", 10000);
	connection.close();
	connection.close();
	return end;
}

export function streamsContract(t: Suite, open: OpenJig): void {
	t.test("the serial line carries bytes both ways, in order and unchanged", async ({ random }) => {
		const jig = await open();
		const { serial } = jig.platform;
		const sent = random.bytes(6000);
		const came: Uint8Array[] = [];
		const drain = (): void => {
			for (let bytes = serial.read(); bytes !== undefined; bytes = serial.read()) {
				check.ok(bytes.length > 0, "bytes or undefined, never an empty answer");
				came.push(bytes);
			}
		};
		let at = 0;
		const fill = (): void => {
			while (at < sent.length) {
				const taken = serial.write(sent.subarray(at, at + 1000));
				if (taken === 0) return;
				at += taken;
			}
		};
		serial.onReadable(drain);
		serial.onWritable(fill);
		check.equal(serial.read(), undefined);
		fill();
		const complete = (): boolean => came.reduce((count, bytes) => count + bytes.length, 0) >= sent.length;
		check.ok(await passUntil(jig, complete, 5000), "everything comes back");
		check.bytes(concatBytes(...came), sent);
		check.equal(serial.read(), undefined);
	});

	t.test("an address where nothing listens ends in connect", async () => {
		const jig = await open();
		check.equal(await endOf(jig, optionsFor(jig.network.refusing)), "connect");
	});

	t.test("a host that nobody has ends in resolve", async () => {
		const jig = await open();
		check.equal(await endOf(jig, optionsFor({ host: jig.network.unknownHost, port: 443 })), "resolve");
	});

	t.test("a peer that says nothing ends in timeout, at the handshake's deadline", async () => {
		const jig = await open();
		const startMs = jig.platform.clock.monotonicMs();
		check.equal(await endOf(jig, optionsFor(jig.network.silent, 300)), "timeout");
		const ms = jig.platform.clock.monotonicMs() - startMs;
		check.ok(ms >= 295 && ms < 1000, `${ms} ms`);
	});

	t.test("a peer that ends the connection in the handshake ends in closed or reset", async () => {
		const jig = await open();
		const end = await endOf(jig, optionsFor(jig.network.closing));
		check.ok(end === "closed" || end === "reset", String(end));
	});

	t.test("after close no handler runs, and reading and writing give nothing", async () => {
		const jig = await open();
		const heard: string[] = [];
		const connection = jig.platform.tls.connect(optionsFor(jig.network.silent, 200), {
			onConnected: () => heard.push("connected"),
			onReadable: () => heard.push("readable"),
			onWritable: () => heard.push("writable"),
			onClosed: () => heard.push("closed"),
		});
		connection.close();
		check.equal(connection.read(100), undefined);
		check.equal(connection.write(Uint8Array.of(1)), 0);
		await jig.pass(400);
		check.deepEqual(heard, []);
	});

	t.test("roots that are no certificates throw tls/setup", async () => {
		const jig = await open();
		const nothing: TlsHandlers = {
			onConnected: () => undefined,
			onReadable: () => undefined,
			onWritable: () => undefined,
			onClosed: () => undefined,
		};
		for (const roots of [[], [{ der: Uint8Array.of(1, 2, 3) }]]) {
			const options = { ...optionsFor(jig.network.silent), roots };
			check.throws(() => jig.platform.tls.connect(options, nothing), "tls/setup");
		}
	});
}
