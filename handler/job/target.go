package job

import (
	"errors"
	"fmt"

	"s3-thumbnail-creator/handler/origin"
	"s3-thumbnail-creator/handler/store"
	"s3-thumbnail-creator/settings"
)

// target is a thumbnail that a source should have, and what was found in its place.
type target struct {
	key string
	// variant is what it is made by. Its format is the one that the key demands, settings.Same where the content decides.
	variant     settings.Variant
	template    string     // of the key
	fingerprint string     // of the variant as it was configured
	owner       string     // see origin.Owner
	found       store.Info // the object under the key; no ETag if there is none
}

// targetsOf returns the thumbnails that a source should have, one for each variant whose key S3 takes, and an error that
// wraps settings.ErrKey for those whose it does not.
func (p *Processor) targetsOf(sourceKey string) (targets []*target, err error) {
	for i, v := range p.Variants {
		t := &target{template: v.Key, fingerprint: p.fingerprints[i], owner: origin.Owner(sourceKey)}
		key, keyErr := v.ThumbnailKey(sourceKey)
		if keyErr != nil {
			err = errors.Join(err, keyErr)
			continue
		}
		if f := v.KeyFormat(sourceKey); f != "" {
			v.Format = f
		}
		t.key, t.variant = key, v
		targets = append(targets, t)
	}
	return targets, err
}

// exists says whether there is an object under the target's key.
func (t *target) exists() bool { return t.found.ETag != "" }

// owned says whether that object is a thumbnail of the target's source.
func (t *target) owned() bool { return t.exists() && t.found.Metadata[origin.SourceKey] == t.owner }

// fresh says whether it is the one that the target is of a source with that ETag.
func (t *target) fresh(sourceETag string) bool {
	return t.owned() && t.found.Metadata[origin.SourceETag] == sourceETag && t.found.Metadata[origin.Settings] == t.fingerprint
}

// errCollision says that the place of a thumbnail is taken by what is none of this source: it is neither overwritten nor
// deleted.
var errCollision = errors.New("thumbnail's key is taken")

// collision returns an error that wraps errCollision if the target's place is taken.
func (t *target) collision(destination, sourceKey string) error {
	if !t.exists() || t.owned() {
		return nil
	}
	whose := "an object that is no thumbnail of this function"
	if owner := t.found.Metadata[origin.SourceKey]; owner != "" {
		if key, ok := origin.KeyOf(owner); ok {
			owner = key
		}
		whose = fmt.Sprintf("the thumbnail of %q", owner)
	}
	return fmt.Errorf("%w: s3://%s/%s is %s, so that %q cannot have its %q there (key template %q): want a template by which they differ, such as one with {dir} and {name}, or remove that object",
		errCollision, destination, t.key, whose, sourceKey, t.variant.Name, t.template)
}

// sourceOf returns the ETag of the source that all thumbnails were made from with the present settings, or "" if one is
// missing or outdated, or there is none to be.
func sourceOf(targets []*target) string {
	if len(targets) == 0 {
		return ""
	}
	etag := targets[0].found.Metadata[origin.SourceETag]
	for _, t := range targets {
		if !t.fresh(etag) {
			return ""
		}
	}
	return etag
}
