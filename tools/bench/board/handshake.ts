/**
 * On the engine: one TLS handshake of the product's client with its stored key, counted from `connect` to
 * `onConnected`. Without `--arg chain` it makes that key and prints its public part, for the certificate.
 */
import { PsaKeyStore } from "../../../hosts/bindings/keys.ts";
import { NativeTls } from "../../../hosts/bindings/tls.ts";
import {
	finishProbe,
	neededArgument,
	probeArgument,
	probeFiles,
	probeRoots,
} from "../../../hosts/linux/probe-host.ts";
import { toHex } from "../../../modules/base/bytes.ts";

const toggle = native<() => void>("xs_bench_toggle");
const KEY_NAME = "device";

function makeKey(): never {
	const keys = new PsaKeyStore();
	keys.generate(KEY_NAME, "p256");
	return finishProbe({ ok: true, publicKey: toHex(keys.publicKey(KEY_NAME)) });
}

function shakeHands(): void {
	const folder = neededArgument("files");
	const options = {
		host: neededArgument("host"),
		port: Number(neededArgument("port")),
		serverName: neededArgument("name"),
		roots: probeRoots(folder),
		time: { unixMs: Number(neededArgument("now")), kind: "estimate" },
		handshakeMs: 60000,
		clientCertificate: { chain: probeFiles("chain", `${folder}/chain`), key: { name: KEY_NAME } },
	} as const;
	const tls = new NativeTls();
	toggle();
	const connection = tls.connect(options, {
		onConnected: (info) => {
			toggle();
			connection.close();
			finishProbe({ ok: true, ...info });
		},
		onReadable: () => undefined,
		onWritable: () => undefined,
		onClosed: (reason) => finishProbe({ ok: false, reason }),
	});
}

if (probeArgument("chain") === undefined) makeKey();
else shakeHands();
