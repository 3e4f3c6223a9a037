/**
 * A relay's side of updates that a bench drives: it offers what it is told, serves what the lock asks for, or withholds it. Releases are
 * signed with the development keys of a house.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { toHex } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import { FIRMWARE_SECURITY_VERSION, FIRMWARE_VENDOR } from "../../modules/base/version.ts";
import { keyIdOf } from "../../modules/cose/key-id.ts";
import { encodeSign, signStructure } from "../../modules/cose/sign.ts";
import { buildSign1 } from "../../modules/cose/sign1.ts";
import {
	encodeManifest,
	type Manifest,
	manifestAad,
	type UpdateObject,
} from "../../modules/update/manifest.ts";
import { encodeFreshnessClaim, freshnessAad } from "../../modules/wire/freshness.ts";
import type { ObjectWant, UpdateOffer } from "../../modules/wire/update-offer.ts";
import { decodeUpdateReport, type UpdateState } from "../../modules/wire/update-report.ts";
import { NobleCrypto } from "../crypto/noble.ts";
import type { ConnectedDevice, DeviceService, ServiceEnvelope } from "../relay/device-service.ts";
import { TRUST_FILES } from "../trust/development-trust.ts";
import { withKeyFile } from "../trust/key-file.ts";

const HOUR_SECONDS = 3_600;

export interface Release {
	readonly offer: UpdateOffer;
	/** What a lock may ask for of it. */
	readonly objects: readonly Uint8Array[];
}

export interface ReleaseParts {
	readonly sequence: number;
	readonly image: Uint8Array;
	readonly delta?: { readonly source: Uint8Array; readonly content: Uint8Array };
}

export function makeRelease(houseDir: string, { sequence, image, delta }: ReleaseParts): Release {
	const pki = join(houseDir, "pki");
	const nowSeconds = Math.floor(Date.now() / 1_000);
	const manifest: Manifest = {
		vendor: FIRMWARE_VENDOR,
		hardwareClass: "latchkey-linux",
		board: "linux",
		sequence,
		securityVersion: FIRMWARE_SECURITY_VERSION,
		version: `bench-${sequence}`,
		signedUnixSeconds: nowSeconds - HOUR_SECONDS,
		trustVersion: 1,
		image: objectOf(image),
		deltas:
			delta === undefined
				? []
				: [
						{
							sourceBytes: delta.source.length,
							sourceDigest: sha256(delta.source),
							object: objectOf(delta.content),
						},
					],
	};
	const crypto = new NobleCrypto();
	const payload = encodeManifest(manifest);
	const signatures = ["release-1", "release-2"].map((name) =>
		withKeyFile(TRUST_FILES.key(pki, name), (key) => ({
			keyId: keyIdOf(crypto, key.publicKey),
			signature: key.sign(signStructure(manifestAad(), payload)),
		})),
	);
	const { vendor, hardwareClass, board } = manifest;
	const claim = encodeFreshnessClaim({
		vendor,
		hardwareClass,
		board,
		sequence,
		manifestDigest: sha256(payload),
		issuedUnixSeconds: nowSeconds,
		expiresUnixSeconds: nowSeconds + 24 * HOUR_SECONDS,
	});
	const freshness = withKeyFile(TRUST_FILES.key(pki, "freshness"), (key) =>
		buildSign1("untagged", freshnessAad(), claim, keyIdOf(crypto, key.publicKey), (bytes) => key.sign(bytes)),
	);
	return {
		offer: { manifest: encodeSign({ payload, signatures }), freshness },
		objects: [image, ...(delta === undefined ? [] : [delta.content])],
	};
}

function sha256(bytes: Uint8Array): Uint8Array {
	return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function objectOf(bytes: Uint8Array): UpdateObject {
	const chunks: Uint8Array[] = [];
	for (let at = 0; at < bytes.length; at += LIMITS.chunkBytes)
		chunks.push(sha256(bytes.subarray(at, at + LIMITS.chunkBytes)));
	return { bytes: bytes.length, digest: sha256(bytes), chunkDigests: new Uint8Array(Buffer.concat(chunks)) };
}

export class UpdateSource implements DeviceService {
	readonly kinds = Object.freeze(["update-report", "object-want", "attestation"] as const);
	readonly #objects = new Map<string, Uint8Array>();
	#device: ConnectedDevice | undefined;
	#withholds = false;
	#held: ObjectWant | undefined;
	#state: UpdateState = "idle";
	#wants = 0;
	#servedBytes = 0;
	#report = "";

	/** What the lock said last. */
	get state(): UpdateState {
		return this.#state;
	}

	/** The whole of it, for a message when a bench fails. */
	get report(): string {
		return this.#report;
	}

	/** How often the lock asked. */
	get wants(): number {
		return this.#wants;
	}

	/** Since the last offer. */
	get servedBytes(): number {
		return this.#servedBytes;
	}

	/** The lock has asked for what is withheld: nothing is on its way, nothing waits in the lock. */
	get isHolding(): boolean {
		return this.#held !== undefined;
	}

	withhold(does: boolean): void {
		this.#withholds = does;
		const want = this.#held;
		if (does || want === undefined) return;
		this.#held = undefined;
		this.#serve(want);
	}

	offer({ offer, objects }: Release): void {
		for (const object of objects) this.#objects.set(toHex(sha256(object)), object);
		this.#servedBytes = 0;
		this.#held = undefined;
		if (this.#device?.send({ kind: "update-offer", offer }) !== true)
			throw new Error("the offer was not sent");
	}

	attached(device: ConnectedDevice): void {
		if (device.credential === "operational") this.#device = device;
	}

	detached(device: ConnectedDevice): void {
		if (this.#device === device) this.#device = undefined;
	}

	receive(device: ConnectedDevice, envelope: ServiceEnvelope): void {
		if (device !== this.#device) return;
		if (envelope.kind === "update-report") {
			const report = decodeUpdateReport(envelope.report);
			if (!report.ok) return;
			this.#state = report.value.state;
			this.#report = JSON.stringify(report.value);
		} else if (envelope.kind === "object-want") {
			this.#wants++;
			if (this.#withholds) this.#held = envelope.want;
			else this.#serve(envelope.want);
		}
	}

	#serve({ digest, offset, bytes }: ObjectWant): void {
		const object = this.#objects.get(toHex(digest));
		if (object === undefined) return;
		const end = Math.min(offset + bytes, object.length);
		for (let at = offset; at < end; at += LIMITS.objectPieceBytes) {
			const piece = {
				digest,
				offset: at,
				bytes: object.slice(at, Math.min(at + LIMITS.objectPieceBytes, end)),
			};
			if (this.#device?.send({ kind: "object-piece", piece }) !== true) return;
			this.#servedBytes += piece.bytes.length;
		}
	}
}
