/** What all stations of a line share: opened once, closed together. Nothing here is about one board. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Issuer, openIssuer } from "../../pki/issuer.ts";
import type { Registry } from "../../relay/registry.ts";
import { type BundleFile, readBundleFile, standingAlone } from "../../trust/bundle-file.ts";
import { newestBundlePath } from "../../trust/development-trust.ts";
import { TrustFault } from "../../trust/trust-fault.ts";
import { issuerFor } from "../certificates.ts";
import { readIntermediate } from "../pki.ts";
import type { ImageFile } from "./chip-driver.ts";
import type { LineConfig } from "./config.ts";
import type { Fuse } from "./fuses.ts";
import { Journal } from "./journal.ts";
import { Labels } from "./labels.ts";

const DAY_MS = 86_400_000;
const DIGEST_BYTES = 32;

/** What a configuration names cannot be used; the message is for the person at the line. */
export class LineFault extends Error {
	constructor(message: string) {
		super(message);
		this.name = "LineFault";
	}
}

export interface LineParts {
	readonly config: LineConfig;
	readonly journal: Journal;
	readonly registry: Registry;
	readonly issuer: Issuer;
	/** As it goes over the line. */
	readonly bundle: Uint8Array;
	readonly labels: Labels;
	readonly images: readonly ImageFile[];
	/** Of all images with their places. */
	readonly imagesDigest: string;
	readonly fuses: readonly Fuse[];
	close(): Promise<void>;
}

/** Rejects with LineFault, JournalFault, RegistryFault, IssuerFault, TrustFault, LabelFault. */
export async function openParts(config: LineConfig): Promise<LineParts> {
	const images = config.images.map(({ offset, file }) => ({ offset, path: file }));
	const imagesDigest = digestOf(images, config.chip.flashBytes);
	const fuses = config.fuses.map((fuse) =>
		fuse.kind === "field" ? fuse : { ...fuse, hex: readDigest(fuse.file) },
	);
	const bundle = standingAlone(readTrust(config.pki, config.bundle));
	const labels = Labels.open(config.labels);
	const issuer = inTurns(
		config.issuer === undefined
			? issuerFor(await readIntermediate(config.pki, "device"))
			: await openIssuer(config.issuer.key, config.issuer.certificate),
	);
	const journal = Journal.open(config.journal);
	try {
		const { openRegistry } = await import("../../relay/registry.ts");
		const registry = await openRegistry(config.registry);
		const close = async (): Promise<void> => {
			journal.close();
			await registry.close();
		};
		return { config, journal, registry, issuer, bundle, labels, images, imagesDigest, fuses, close };
	} catch (error) {
		journal.close();
		throw error;
	}
}

/** A bundle that is signed far from now moves the floor of time of each board that gets it. */
export function readTrust(pki: string, bundle: string | undefined): BundleFile {
	const path = bundle ?? newestBundlePath(pki);
	if (path === undefined)
		throw new TrustFault(`there is no trust bundle in ${pki}: run latchkey factory pki`);
	const file = readBundleFile(path);
	if (file.bundle.signedUnixSeconds * 1_000 > Date.now() + DAY_MS)
		throw new TrustFault(`${path} is signed in the future, by this machine's clock`);
	return file;
}

/** A token signs for one station after the other. */
function inTurns(issuer: Issuer): Issuer {
	let last: Promise<unknown> = Promise.resolve();
	return {
		...issuer,
		sign: (bytes) => {
			const signed = last.then(() => issuer.sign(bytes));
			last = signed.catch(() => undefined);
			return signed;
		},
	};
}

function digestOf(images: readonly ImageFile[], flashBytes: number): string {
	const whole = createHash("sha256");
	let end = 0;
	for (const { offset, path } of [...images].sort((one, other) => one.offset - other.offset)) {
		const bytes = read(path);
		if (offset < end) throw new LineFault(`${path} begins inside the image before it`);
		end = offset + bytes.length;
		if (end > flashBytes) throw new LineFault(`${path} does not fit into the flash`);
		whole.update(`${offset}:${bytes.length}:`).update(bytes);
	}
	return whole.digest("hex");
}

function readDigest(path: string): string {
	const bytes = read(path);
	if (bytes.length !== DIGEST_BYTES) throw new LineFault(`${path} is no digest of ${DIGEST_BYTES} bytes`);
	return bytes.toString("hex");
}

function read(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		throw new LineFault(`${path}: ${(error as Error).message}`);
	}
}
