// What a chosen file is, in the API's words.

export const MAX_BYTES = 256 * 1024 ** 2;
const MAX_SEQUENCE = 255;
const PROBE_MILLISECONDS = 5000;

const TYPES = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  heic: "image/heic",
  mp4: "video/mp4",
  mov: "video/quicktime",
  pdf: "application/pdf",
};

/** A file that cannot be uploaded; the message says why. */
export class UnfitFileError extends Error {}

/**
 * Type, orientation and media type of a file.
 *
 * @throws {UnfitFileError} it is empty, too large or of another type.
 */
export async function describe(file) {
  const extension = file.name.split(".").pop().toLowerCase();
  const contentType = TYPES[extension] ?? "";
  if (!contentType) {
    throw new UnfitFileError(`${file.name}: only JPEG, PNG, HEIC, MP4, MOV and PDF can be added.`);
  }
  if (file.size === 0) throw new UnfitFileError(`${file.name}: the file is empty.`);
  if (file.size > MAX_BYTES) throw new UnfitFileError(`${file.name}: larger than 256 MB.`);
  if (contentType === "application/pdf") {
    return { assetType: "PROJECT_DOC", orientation: "PORTRAIT", contentType };
  }
  const isVideo = contentType.startsWith("video/");
  const shape = await (isVideo ? videoShape(file) : pictureShape(file));
  const vertical = shape !== null && shape.height > shape.width;
  return {
    assetType: `${isVideo ? "VIDEO" : "PHOTO"}_${vertical ? "VERTICAL" : "HORIZONTAL"}`,
    orientation: vertical ? "PORTRAIT" : "LANDSCAPE",
    contentType,
  };
}

/** SHA-256 of a file as base64, which S3 compares with what arrives. */
export async function checksum(file) {
  if (!globalThis.crypto?.subtle) {
    throw new UnfitFileError("Uploads need a secure page: open it over https or on this machine.");
  }
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** The lowest sequence of a type that is not in `taken`, which then holds it. */
export function takeSequence(assetType, taken) {
  for (let sequence = 1; sequence <= MAX_SEQUENCE; sequence += 1) {
    const place = `${assetType}:${sequence}`;
    if (!taken.has(place)) {
      taken.add(place);
      return sequence;
    }
  }
  throw new UnfitFileError(`A listing has at most ${MAX_SEQUENCE} files of a kind.`);
}

/** Upright size of a picture; null if this browser cannot read it, as most cannot read HEIC. */
async function pictureShape(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    bitmap.close();
    return { width, height };
  } catch {
    return null;
  }
}

/** Upright size of a video; null if this browser cannot read it. */
function videoShape(file) {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(file);
    const video = document.createElement("video");
    const end = (shape) => {
      clearTimeout(timer);
      video.removeAttribute("src");
      URL.revokeObjectURL(url);
      resolve(shape);
    };
    const timer = setTimeout(() => end(null), PROBE_MILLISECONDS);
    video.preload = "metadata";
    video.muted = true;
    video.onloadedmetadata = () => end(
      video.videoWidth ? { width: video.videoWidth, height: video.videoHeight } : null,
    );
    video.onerror = () => end(null);
    video.src = url;
  });
}
