/** What all stations of a line share: opened once, closed together. Nothing here is about one board. */
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
import {
	type ImageSet,
	type ProductionSet,
	readFile,
	readLineImages,
	readProductionImages,
} from "./image-set.ts";
import { Journal } from "./journal.ts";
import { Labels } from "./labels.ts";
import { LineFault } from "./line-fault.ts";

const DAY_MS = 86_400_000;
const DIGEST_BYTES = 32;

export interface LineParts {
	readonly config: LineConfig;
	readonly journal: Journal;
	readonly registry: Registry;
	readonly issuer: Issuer;
	/** As it goes over the line. */
	readonly bundle: Uint8Array;
	readonly labels: Labels;
	/** They burn nothing. */
	readonly images: ImageSet;
	/** They do; absent where there is no plan of eFuses. */
	readonly production?: ProductionSet;
	readonly fuses: readonly Fuse[];
	close(): Promise<void>;
}

/** Rejects with LineFault, JournalFault, RegistryFault, IssuerFault, TrustFault, LabelFault. */
export async function openParts(config: LineConfig): Promise<LineParts> {
	const { flashBytes } = config.chip;
	const filesOf = (images: LineConfig["images"]): readonly ImageFile[] =>
		images.map(({ offset, file }) => ({ offset, path: file }));
	const images = readLineImages(filesOf(config.images), flashBytes);
	const fuses = config.fuses.map((fuse) =>
		fuse.kind === "field" ? fuse : { ...fuse, hex: readDigest(fuse.file) },
	);
	const production =
		config.production === undefined
			? undefined
			: readProductionImages(filesOf(config.production.images), flashBytes, fuses);
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
		return {
			config,
			journal,
			registry,
			issuer,
			bundle,
			labels,
			images,
			fuses,
			close,
			...(production === undefined ? {} : { production }),
		};
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

function readDigest(path: string): string {
	const bytes = readFile(path);
	if (bytes.length !== DIGEST_BYTES) throw new LineFault(`${path} is no digest of ${DIGEST_BYTES} bytes`);
	return bytes.toString("hex");
}
