// Package webp decodes WebP pictures and encodes thumbnails as WebP.
//
// The container (RFC 9649) is read here; the two codecs are in the packages
// vp8 (lossy) and vp8l (lossless, and the alpha of lossy pictures). In all
// three, files called decode and encode hold what only one direction needs.
package webp
