/** What a freshness statement says, without asking who signed it: it was verified when it was published. */
import { decodeCbor } from "../../modules/wire/cbor-decode.ts";
import { asArray, asBytes } from "../../modules/wire/cbor-map.ts";
import {
	decodeFreshnessClaim,
	FRESHNESS_BYTES_MAX,
	type FreshnessClaim,
} from "../../modules/wire/freshness.ts";

export function decodeFreshnessMessage(statement: Uint8Array): FreshnessClaim | undefined {
	const parts = decodeCbor(statement);
	const payload = parts.ok
		? asBytes(asArray(parts.value, 4)?.[2], { min: 1, max: FRESHNESS_BYTES_MAX })
		: undefined;
	const claim = payload && decodeFreshnessClaim(payload);
	return claim?.ok === true ? claim.value : undefined;
}
