//! A QR code as a picture, for authenticator apps to read a seed from.

use plane::Error;
use qrcodegen::{QrCode, QrCodeEcc};

/// White space around the code, in modules (ISO/IEC 18004 §9.1).
const BORDER_MODULES: i32 = 4;
/// Pixels of a module's side.
const MODULE_PIXELS: i32 = 5;

/// The text as a PNG of a QR code, black on white.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, Error> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).map_err(Error::internal)?;
    let side = (code.size() + 2 * BORDER_MODULES) * MODULE_PIXELS;
    let module = |pixel: i32| pixel / MODULE_PIXELS - BORDER_MODULES;
    let mut pixels = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let is_dark = code.get_module(module(x), module(y));
            pixels.push(if is_dark { 0 } else { u8::MAX });
        }
    }
    let width = u32::try_from(side).map_err(Error::internal)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    writer.write_image_data(&pixels).map_err(Error::internal)?;
    writer.finish().map_err(Error::internal)?;
    Ok(file)
}
