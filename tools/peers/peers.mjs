// sharp's side of the comparison; see main.go.
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);

const [mode, file, last, animated] = process.argv.slice(2);
const thumbnail = () => sharp(file, { limitInputPixels: false, animated: animated === 'animated' }).resize(256, 256, { fit: 'inside', withoutEnlargement: true });

if (mode === 'bench') {
  for (let i = 0; i < Number(last); i++) {
    const began = performance.now();
    const image = thumbnail();
    if (/\.(jpg|webp|avif)$/.test(file)) image.toFormat(file.endsWith('webp') ? 'webp' : 'jpeg', { quality: 82 });
    await image.toBuffer();
    console.log(performance.now() - began);
  }
} else {
  const image = thumbnail();
  if (animated && last.endsWith('webp')) image.webp({ quality: 82 });
  await image.toFile(last);
}
