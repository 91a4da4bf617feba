/* Photographs of sheets are gathered until they are sent, one press of the camera after the other, and made as small as the server
 * would make them (web/pageworker.py): a sheet then costs a weak line a tenth. */

const SHEET = [1654, 2339];       // pixels of an A4 page at 200 dots an inch
const LIGHT = 600_000;            // bytes that are sent as they are
const QUALITY = 0.8;

export function wire(form) {
  const [input, list, status, bar, button] = ["input[type=file]", ".photos", "[role=status]", "progress", "button:last-of-type"]
    .map((one) => form.querySelector(one));
  let photos = [];
  let shrinking = Promise.resolve();

  function draw() {
    for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    list.replaceChildren(...photos.map((photo, index) => {
      const [item, image, gone] = ["li", "img", "button"].map((tag) => document.createElement(tag));
      image.src = URL.createObjectURL(photo);
      image.alt = form.dataset.photo.replace("{n}", index + 1);
      gone.type = "button";
      gone.className = "btn";
      gone.textContent = form.dataset.remove;
      gone.setAttribute("aria-label", `${form.dataset.remove}: ${image.alt}`);
      gone.onclick = () => { photos.splice(index, 1); draw(); input.focus(); };
      item.append(image, gone);
      return item;
    }));
    list.hidden = !photos.length;
    input.required = !photos.length;
  }

  const say = (text) => { status.textContent = text; status.hidden = !text; };

  input.addEventListener("change", () => {
    const chosen = [...input.files];
    input.value = "";
    say("");
    shrinking = shrinking.then(async () => {
      for (const file of chosen) if (photos.length < Number(form.dataset.photos)) photos.push(await smaller(file));
      draw();
    });
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await shrinking;
    if (!photos.length) return;
    const body = new FormData();
    photos.forEach((photo, index) => body.append("photo", photo, `${index + 1}.jpg`));
    button.disabled = true;
    bar.hidden = false;
    say(form.dataset.sending);
    const told = await post(form.action, body, (share) => (bar.value = share));
    button.disabled = false;
    bar.hidden = true;
    say(told === null ? form.dataset.failed : told.id ? form.dataset.said : told.message);
    if (!told?.id) return;
    photos = [];
    draw();
  });
}

/** The answer as JSON; null where none came. */
function post(address, body, sent) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();      // fetch does not say how much has gone
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded, total }) => sent(total ? loaded / total : 0);
    request.onerror = () => resolve(null);
    request.onload = () => {
      try {
        resolve(JSON.parse(request.responseText));
      } catch {
        resolve(null);
      }
    };
    request.send(body);
  });
}

/** Upright and no larger than a sheet; the file itself where that is no gain, or cannot be done here. */
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const [wide, high] = picture.height >= picture.width ? SHEET : [...SHEET].reverse();
    const scale = Math.min(1, wide / picture.width, high / picture.height);
    if (scale === 1 && file.size <= LIGHT) return file;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width * scale, picture.height * scale].map(Math.round);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return made && made.size < file.size ? made : file;
  } catch {
    return file;
  }
}
