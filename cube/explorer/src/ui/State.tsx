import { type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { VersionChanged } from '../api/connection';
import { useTexts } from '../i18n';
import { type Asked } from '../page';

const SLOW_AFTER_MS = 3000;

/** The words of something that takes a moment, and of something that takes long. */
export function Pending() {
  const { t } = useTexts();
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="state pending" role="status">
      <span class="spinner" aria-hidden="true" />
      {isSlow ? t.states.slow : t.states.loading}
    </p>
  );
}

/** What failed, in the server's words, and what can be done. */
export function Failed({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTexts();
  if (error instanceof VersionChanged) return <p class="state">{t.newVersion(error.published)}</p>;
  const isOffline = error instanceof TypeError;
  return (
    <div class="state failed" role="alert">
      <strong>{isOffline ? t.states.offline : t.states.failed}</strong>
      <p>{isOffline ? t.states.offlineHint : error.message}</p>
      <button type="button" onClick={retry}>
        {t.states.retry}
      </button>
    </div>
  );
}

export function Empty({ title, hint }: { title?: string; hint?: string }) {
  const { t } = useTexts();
  return (
    <div class="state empty" role="status">
      <strong>{title ?? t.states.empty}</strong>
      <p>{hint ?? t.states.emptyHint}</p>
    </div>
  );
}

interface Props<T> {
  asked: Asked<T>;
  children: (value: T) => ComponentChildren;
}

/** Shows a value when it has come; the former one stays, dimmed, while another is computed. */
export function Shown<T>({ asked, children }: Props<T>) {
  if (asked.error) return <Failed error={asked.error} retry={asked.retry} />;
  if (asked.value === null) return <Pending />;
  return (
    <div class={asked.isPending ? 'shown waiting' : 'shown'} aria-busy={asked.isPending}>
      {children(asked.value)}
    </div>
  );
}
