/**
 * Keys from bytes and the planted faults of tests. Its natives exist only in a test build of the bindings
 * (LATCHKEY_TEST_BUILD): in any other build this module does not load. The firmware never imports it.
 */
import type { DhKeyPair, Secret, TestCrypto } from "../../modules/platform/crypto.ts";
import { PsaCrypto } from "./crypto.ts";
import { done, type Fault } from "./fault.ts";
import { HandlePair, SecretHandle } from "./secrets.ts";

type Done = Fault | undefined;

const importSecretBytes = native<(out: SecretHandle, bytes: Uint8Array) => Done>("xs_lk_test_import_secret");
const importPair =
	native<(pair: SecretHandle, privateKey: Uint8Array, publicKey: Uint8Array) => Done>(
		"xs_lk_test_import_pair",
	);
const replaceSealing = native<(identity: number) => void>("xs_lk_test_identity");

export class PsaTestCrypto extends PsaCrypto implements TestCrypto {
	importSecret(bytes: Uint8Array): Secret {
		const out = new SecretHandle();
		done(importSecretBytes(out, bytes), "importSecret");
		return out;
	}

	importKeyPair(privateKey: Uint8Array): DhKeyPair {
		const pair = new SecretHandle();
		const publicKey = new Uint8Array(32);
		done(importPair(pair, privateKey, publicKey), "importKeyPair");
		return new HandlePair(pair, publicKey);
	}

	/** The fault that the I6 test must catch: sealing copies the plaintext and appends a tag of zeros. */
	sealByIdentity(on: boolean): void {
		replaceSealing(on ? 1 : 0);
	}
}
