import { useEffect, useRef, useState } from 'preact/hooks';
import { useTexts } from '../i18n';

/** Asks for a token. `isRefused` after the server did not take the last one. */
export function SignIn({ isRefused, signIn }: { isRefused: boolean; signIn: (token: string) => void }) {
  const { t } = useTexts();
  const [token, setToken] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== '') signIn(token.trim());
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <span class="brand">bankcrm</span>
        <h1>{t.signIn.title}</h1>
        <p>{t.signIn.hint}</p>
        <label>
          {t.signIn.token}
          <textarea
            ref={field}
            rows={4}
            spellcheck={false}
            autocomplete="off"
            value={token}
            aria-invalid={isRefused}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {isRefused && <p role="alert" class="refused">{t.signIn.refused}</p>}
        <button type="submit" class="primary" disabled={token.trim() === ''}>
          {t.signIn.button}
        </button>
      </form>
    </main>
  );
}
